package cos

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"vodevents/shared/deliver"
)

// verdict is what an answer says of an event.
type verdict int

const (
	failed  verdict = iota // this event failed, and may pass another time
	again                  // the store was busy or lost its way
	setUp                  // somebody has to fix something
	refused                // the store will never take this event
)

// codes are the verdicts on the error codes of COS (436/7730) and S3, with advice if
// somebody has to do something.
var codes = map[string]struct {
	verdict verdict
	advice  string
}{
	"RequestTimeout":     {again, ""},
	"IncompleteBody":     {again, ""},
	"UserNetworkTooSlow": {again, ""},
	"BadDigest":          {again, ""}, // the body was damaged on its way
	"PathConflict":       {again, ""},
	"UploadConflict":     {again, ""},
	"OperationAborted":   {again, ""},
	"InternalError":      {again, ""},
	"ServiceUnavailable": {again, ""},
	"SlowDown":           {again, ""},
	"KmsFreqControl":     {again, ""},

	"ExpiredToken":             {setUp, "the temporary keys ran out; the next invocation gets new ones"},
	"RequestTimeTooSkewed":     {setUp, "set the clock: it is off by more than 15 minutes"},
	"AccessDenied":             {setUp, "allow the role or user name/cos:PutObject on this bucket and prefix (to read, name/cos:GetBucket and name/cos:GetObject)"},
	"InvalidAccessKeyId":       {setUp, "check the keys of the URL or the environment"},
	"InvalidToken":             {setUp, "check the keys of the environment and their token"},
	"SignatureDoesNotMatch":    {setUp, "check the secret key"},
	"PathStyleDomainForbidden": {setUp, "leave out style=path: COS wants the bucket in front of the host"},
	"NoSuchBucket":             {setUp, "make the bucket, or correct its name and region in the URL"},
	"InvalidBucketName":        {setUp, "correct the bucket in the URL; COS's end with the appid"},
	"InvalidRegionName":        {setUp, "correct region= in the URL"},

	"AuthorizationHeaderMalformed": {setUp, "correct region= in the URL"},

	"EntityTooLarge":    {refused, ""},
	"KeyTooLong":        {refused, ""},
	"KeyTooLongError":   {refused, ""},
	"InvalidObjectName": {refused, ""},
	"InvalidURI":        {refused, ""},
	"InvalidDigest":     {refused, ""},
	"ObjectLocked":      {refused, ""}, // retention: the object is there and may not be written again
}

// statuses are the verdicts on answers with another code, or with none, such as a
// proxy's.
var statuses = map[int]struct {
	verdict verdict
	advice  string
}{
	http.StatusTooManyRequests:            {again, ""},
	http.StatusRequestTimeout:             {again, ""},
	http.StatusUnauthorized:               {setUp, "check the keys"},
	http.StatusPaymentRequired:            {setUp, "the account is in arrears: top it up"},
	http.StatusForbidden:                  {setUp, "check the keys, and what they may do in this bucket"},
	http.StatusNotFound:                   {setUp, "check bucket, region and endpoint of the URL"},
	http.StatusMethodNotAllowed:           {setUp, "check the endpoint of the URL: it must be that of an S3"},
	http.StatusProxyAuthRequired:          {setUp, "check HTTPS_PROXY and its password"},
	http.StatusMisdirectedRequest:         {setUp, "check region and endpoint of the URL"},
	http.StatusUnavailableForLegalReasons: {setUp, "the bucket is blocked: ask Tencent's support"},
	http.StatusRequestEntityTooLarge:      {refused, ""},
}

// answerError is the body of a refusal.
type answerError struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Region    string // S3 names the right one
	RequestId string
}

// judge turns the answer to a PUT into the error of its event, or nil if the store has
// the object. A 2xx alone proves nothing: a store may find a fault after it has sent the
// status, and an ordinary web server may answer 200 to everything. Every S3 answers a
// PUT with the ETag of the object.
func (b *bucket) judge(answer *http.Response, text []byte) error {
	taken := answer.StatusCode/100 == 2
	if taken && xml.Unmarshal(text, new(answerError)) != nil {
		if answer.Header.Get("ETag") != "" {
			return nil
		}
		return b.unavailable(b.masked(fmt.Sprintf("it answers %s without an ETag: check the endpoint of the URL: it must be that of an S3", answer.Status)))
	}
	what, err := b.explain(answer, text)
	after := deliver.RetryAfter(answer.Header, b.now())
	switch {
	case what == again && !taken:
		return deliver.Answered(answer.StatusCode, err, after)
	case what == again, what == setUp:
		return deliver.Unavailable(err, after)
	case what == refused:
		return deliver.Permanent(err)
	}
	return err
}

// explain says what a refusal means. It quotes only the code, the region and the
// RequestId from the body: the rest may name keys.
func (b *bucket) explain(answer *http.Response, text []byte) (verdict, error) {
	var said answerError
	_ = xml.Unmarshal(text, &said) // a body that is not XML has no code
	what, known := codes[said.Code]
	if !known {
		what, known = statuses[answer.StatusCode]
	}
	switch {
	case said.Code == "AccessDenied" && strings.Contains(said.Message, "expired"):
		what.advice = "the signature is too old for it: set the clock, or look whether the keys ran out"
	case known:
	case answer.StatusCode/100 == 5, answer.StatusCode/100 == 2:
		what.verdict = again
	case answer.StatusCode/100 == 3:
		what.verdict, what.advice = setUp, "the bucket is elsewhere: correct region= or endpoint= in the URL"
	}
	region := cmp.Or(answer.Header.Get("X-Amz-Bucket-Region"), said.Region)
	if what.verdict == setUp && region != b.region && nameRE().MatchString(region) {
		what.advice = "the bucket is in another region: write region=" + region
	}
	err := fmt.Errorf("%s answers %s", b.name, answer.Status)
	if isWord(said.Code) {
		err = fmt.Errorf("%w: %s", err, said.Code)
	}
	if isWord(said.RequestId) {
		err = fmt.Errorf("%w (RequestId %s)", err, said.RequestId)
	}
	if what.advice != "" {
		err = fmt.Errorf("%w: %s", err, what.advice)
	}
	return what.verdict, b.masked(err.Error()) // a code or the status may repeat a key
}

// masked is an error with this text, but for the keys in it.
func (b *bucket) masked(text string) error {
	if k, err := b.keys(); err == nil {
		text = k.mask(text)
	}
	return errors.New(text)
}

// isWord tells whether a text is a code or an id and not something else.
func isWord(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' || r == '-' || r == '_' || r == '=' || r == '/' || r == '+' || r == '.') {
			return false
		}
	}
	return true
}

// errGone is an object that was deleted after it was listed.
var errGone = errors.New("there is no such object")
