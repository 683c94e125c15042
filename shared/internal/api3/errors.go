package api3

import "encoding/json"

// Error is an answer {"Response":{"Error":{…}}}.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errors of the frame, which any action may answer.
var (
	ErrLimit   = &Error{"RequestLimitExceeded", "Your current request times exceeds the limit in a second."}
	ErrExpired = &Error{"AuthFailure.SignatureExpire", "X-TC-Timestamp differs from the server's time by more than 5 minutes."}
)

// AsError returns the answer that tells of err: InternalError unless err is an
// *Error.
func AsError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return &Error{"InternalError", err.Error()}
}

// Append appends the member "Error" of an answer to dst.
func (e *Error) Append(dst []byte) []byte {
	b, _ := json.Marshal(struct{ Error *Error }{e}) // two strings: no error
	return append(dst, b[1:len(b)-1]...)
}
