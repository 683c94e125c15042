package vod

import (
	"errors"
	"strings"
)

// What a failed call means for the caller. Ask with errors.Is. One error may be
// several of these.
var (
	// ErrEmpty: no event waits. To a caller who drains a queue, that is success.
	ErrEmpty = errors.New("vod: no event waits")

	// ErrRateLimited: more calls a second than the account may make. It is also
	// ErrRetry; wait before you try again.
	ErrRateLimited = errors.New("vod: too many calls")

	// ErrBadHandle: ConfirmEvents refused the handles, because one of them is
	// unknown, confirmed already, or past its lease. Whether VOD confirmed the
	// others is not documented. Confirm one at a time to find out.
	ErrBadHandle = errors.New("vod: bad handle")

	// ErrUnknown: DescribeTaskDetail knows no such task. It never was, or was
	// submitted more than [TaskMemory] ago, or belongs to another application.
	// Every ErrUnknown is an ErrRefused.
	ErrUnknown = errors.New("vod: unknown task")

	// ErrRefused: VOD answered with a code that is not a limit, not about keys
	// or rights, and not a failure of its own. It will refuse the same call
	// again. Every ErrBadHandle is an ErrRefused.
	ErrRefused = errors.New("vod: refused")

	// ErrAuth: the keys are wrong or lack a right, or the account has not
	// activated VOD. Trying again with the same keys is of no use.
	ErrAuth = errors.New("vod: keys or rights refused")

	// ErrRetry: a failure of the network or of VOD that may pass. Examples: no
	// connection, no answer within [Timeout], an HTTP status other than 200, an
	// answer that is cut off or not JSON, InternalError.
	ErrRetry = errors.New("vod: try again")

	// ErrStrange: VOD did what was asked, but a member of its answer is not as
	// documented, such as a count of -1. A second call would get the same
	// answer.
	ErrStrange = errors.New("vod: strange answer")
)

// The codes of failures on the way to VOD, as the SDK spells them.
const (
	codeNetwork = "ClientError.NetworkError"
	codeStatus  = "ClientError.HttpStatusCodeError"
	codeBody    = "ClientError.ParseJsonError"

	codeStrange = "ClientError.StrangeAnswer" // the SDK has none for it
)

// Error is a call that VOD refused, or that did not reach VOD. Its text says what
// to do next and contains no secrets.
type Error struct {
	Action    string // PullEvents
	Code      string // AuthFailure.SecretIdNotFound; ClientError.… when it is not VOD's
	Message   string
	RequestId string // for Tencent's support; empty when VOD was not reached

	keys  string // where the keys came from
	cause error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("vod: ")
	b.WriteString(e.Action)
	b.WriteString(": ")
	b.WriteString(e.Code)
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(strings.TrimSuffix(e.Message, "."))
	}
	if e.RequestId != "" {
		b.WriteString(" (RequestId ")
		b.WriteString(e.RequestId)
		b.WriteString(")")
	}
	if hint := e.hint(); hint != "" {
		b.WriteString("; ")
		b.WriteString(hint)
	}
	return b.String()
}

// Unwrap returns the network's error, if there was one.
func (e *Error) Unwrap() error { return e.cause }

// Is tells errors.Is what the code means. It ignores the message, because VOD
// rewords and translates messages.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrEmpty:
		// Exactly this code. VOD documents no ResourceNotFound.Something here,
		// and such a code would not mean an empty queue (266/33949).
		return e.Action == "PullEvents" && e.Code == "ResourceNotFound"
	case ErrRateLimited:
		return e.is("RequestLimitExceeded")
	case ErrBadHandle:
		// The page says "parameter error (4000)", a number of the API of 2017;
		// of today's codes only InvalidParameterValue is listed (266/33434).
		return e.Action == "ConfirmEvents" && strings.HasPrefix(e.Code, "InvalidParameter") &&
			e.Code != "InvalidParameterValue.SubAppId"
	case ErrUnknown:
		return e.Action == "DescribeTaskDetail" && (e.Code == "ResourceNotFound" || e.Code == "InvalidParameterValue.TaskId")
	case ErrAuth:
		return e.is("AuthFailure") || e.is("UnauthorizedOperation") || e.is("FailedOperation.InvalidVodUser")
	case ErrRetry:
		return e.passes()
	case ErrRefused:
		return !e.passes() && !e.Is(ErrAuth) && e.Code != codeStrange
	case ErrStrange:
		return e.Code == codeStrange
	}
	return false
}

// passes tells whether the same call may succeed a little later.
func (e *Error) passes() bool {
	switch e.Code {
	case codeNetwork, codeStatus, codeBody:
		return true
	case "FailedOperation":
		// ConfirmEvents lists it (266/33434) and does not say what failed: it may
		// be a handle, which a second call will not cure.
		return e.Action != "ConfirmEvents"
	}
	return e.is("InternalError") || e.is("ServiceUnavailable") || e.is("RequestLimitExceeded")
}

// Answered tells whether VOD itself refused the call. Otherwise the call failed on
// its way.
func (e *Error) Answered() bool { return !strings.HasPrefix(e.Code, "ClientError.") }

// is tells whether the code is family, such as AuthFailure, or belongs to it, as
// AuthFailure.TokenFailure does.
func (e *Error) is(family string) bool {
	rest, ok := strings.CutPrefix(e.Code, family)
	return ok && (rest == "" || rest[0] == '.')
}

// aboutApplication tells whether a bad or missing parameter must be the
// application. VOD does not document its code for that.
func (e *Error) aboutApplication() bool {
	switch e.Action {
	case "PullEvents", "DescribeEventsState", "DescribeEventConfig": // have no other
		return true
	}
	return strings.Contains(e.Code, "SubAppId") || strings.Contains(e.Message, "SubAppId")
}

// hint says what to do next.
func (e *Error) hint() string {
	const application = "check VOD_SUB_APP_IDS: accounts that activated VOD since 2023-12-25 must name their application"
	switch {
	case e.Code == "AuthFailure.SignatureExpire":
		return "set this machine's clock: it may be 5 minutes off at most"
	case e.Code == "AuthFailure.TokenFailure":
		return "the keys from " + e.keys + " are temporary: they have run out, or their token is missing or another's"
	case e.is("AuthFailure.UnauthorizedOperation"), e.is("UnauthorizedOperation"):
		return "allow the user or the execution role behind the keys from " + e.keys +
			" the action vod:" + e.Action + " (resource qcs::vod::uin/…:subAppId/…), and " + application
	case e.is("AuthFailure"):
		return "check the keys from " + e.keys + ": mistyped, disabled or deleted keys are refused"
	case e.is("FailedOperation.InvalidVodUser"):
		return "activate VOD for the account behind the keys from " + e.keys + ", or " + application
	case e.is("RequestLimitExceeded"):
		return "call more slowly (PULL_RATE rules PullEvents and ConfirmEvents), or see who else calls VOD for this account"
	case errors.Is(e, ErrUnknown):
		return "VOD knows a task for 3 days, and only in its own application"
	case errors.Is(e, ErrBadHandle):
		return "an event can be confirmed within 30 s of its pull; later it comes again by itself"
	case (strings.HasPrefix(e.Code, "InvalidParameter") || e.is("MissingParameter")) && e.aboutApplication():
		return application
	case e.is("UnsupportedRegion"):
		return "check VOD_REGION; most accounts need none"
	case e.Code == codeStatus, e.Code == codeBody:
		return "if it stays, check VOD_ENDPOINT and what stands between here and there"
	case e.Code == codeStrange:
		return "VOD was reached, and this release does not know what it says: see whether there is a newer one"
	case e.Code == codeNetwork:
		return "if it stays, check VOD_ENDPOINT and the way to the network"
	}
	return ""
}
