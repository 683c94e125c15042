package scfapi

import (
	"errors"
	"strings"
)

// Error is a call that failed.
type Error struct {
	Action    string
	Code      string // the API's, or ClientError.… if there was no answer
	Message   string // as the API or the network wrote it
	RequestId string // empty if there was no answer

	mask func(string) string // of all that is shown
}

// Codes of calls without an answer of the API.
const (
	codeNetwork = "ClientError.Network"
	codeStatus  = "ClientError.Status"
	codeBody    = "ClientError.Answer"
	codeTooLong = "ClientError.RequestTooLong"
)

func (e *Error) Error() string {
	text := e.Action + ": " + e.Code
	if e.Message != "" {
		text += ": " + e.Message
	}
	if hint := e.hint(); hint != "" {
		text += "\n  → " + hint
	}
	if e.RequestId != "" {
		text += "\n  (RequestId " + e.RequestId + ")"
	}
	if e.mask != nil {
		text = e.mask(text)
	}
	return text
}

// Is tells whether err is an [*Error] whose code is one of the families, such as
// ResourceNotFound, or belongs to one, as ResourceNotFound.Function does.
func Is(err error, families ...string) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, family := range families {
		if rest, ok := strings.CutPrefix(e.Code, family); ok && (rest == "" || rest[0] == '.') {
			return true
		}
	}
	return false
}

// Lost tells whether a call may have been done although it failed, because no answer
// says so.
func Lost(err error) bool { return Is(err, codeNetwork, codeStatus, codeBody) }

// Busy tells whether a write was refused because of what is there now: the
// function is not Active, another write to it goes on, or it exists already. Look,
// and try again.
func Busy(err error) bool {
	return Is(err, "FailedOperation.OperationConflict", "FailedOperation.UpdateFunctionCode",
		"FailedOperation.UpdateFunctionConfiguration", "FailedOperation.CreateTrigger", "FailedOperation.UpdateTrigger",
		"FailedOperation.DeleteFunction", "FailedOperation.FunctionStatusError", "FailedOperation.FunctionNameStatusError",
		"FailedOperation.ReservedInProgress", "FailedOperation.FunctionVersionStatusNotActive", "ResourceInUse")
}

// Denied tells whether the keys have no right to a call.
func Denied(err error) bool {
	return Is(err, "UnauthorizedOperation", "AuthFailure.UnauthorizedOperation")
}

// again tells whether the API asks to repeat the same call a little later.
func (e *Error) again() bool {
	return Is(e, "InternalError", "RequestLimitExceeded")
}

// hints say what to do about a code or a family of codes. The first that matches is
// used.
var hints = []struct {
	families []string
	do       string
}{
	{[]string{"AuthFailure.SignatureExpire"},
		"set this machine's clock: it may be off by at most 5 minutes"},
	{[]string{"AuthFailure.TokenFailure"},
		"the keys are temporary: get new ones, and set TENCENT_TOKEN with them"},
	{[]string{"AuthFailure.UnauthorizedOperation", "UnauthorizedOperation"},
		"give the user behind the keys the rights in scripts/policy/deployer.json; if that names this action, cam:PassRole for the function's role is missing"},
	{[]string{"AuthFailure"},
		"check TENCENT_SECRET_ID and TENCENT_SECRET_KEY: mistyped, disabled and deleted keys are refused"},
	{[]string{"FailedOperation.ClsServiceUnregistered"},
		"activate CLS, the log service, once at https://console.cloud.tencent.com/cls, then run this again"},
	{[]string{"FailedOperation.CallRoleFailed", "FailedOperation.QcsRoleNotFound"},
		"the platform's own role SCF_QcsRole is missing: open https://console.cloud.tencent.com/scf once with the main account, and consent"},
	{[]string{"FailedOperation.OpenService", "FailedOperation.UnOpenedService", "FailedOperation.ServiceClosed", "ResourceUnavailable.ServiceSuspended"},
		"activate SCF at https://console.cloud.tencent.com/scf"},
	{[]string{"FailedOperation.InsufficientBalance", "FailedOperation.AccountInsufficient", "ResourceUnavailable.InsufficientBalance"},
		"the account is in arrears: top it up, then run this again"},
	{[]string{"LimitExceeded.Function"},
		"a namespace holds 50 functions: delete some, or deploy to another region"},
	{[]string{"LimitExceeded.Trigger"},
		"a function has at most 10 triggers of a type: delete some in the console"},
	{[]string{"LimitExceeded.Eip", "FailedOperation.InsufficientResources"},
		"the limit of the region is reached; ask Tencent's support, or deploy to another region"},
	{[]string{"InvalidParameterValue.EnvironmentExceededLimit"},
		"a function's variables may have 4 KB in all: shorten SINK and the like"},
	{[]string{"InvalidParameterValue.EnvironmentSystemProtect", "InvalidParameterValue.SystemEnvironment"},
		"SCF keeps this variable's name for itself: rename it in serverless.yml"},
	{[]string{"ResourceNotFound.Role"},
		"there is no such role: ./scripts/deploy -api -role makes it; SCF sees a new role only after some seconds"},
	{[]string{"ResourceNotFound.Vpc", "InvalidParameterValue.Vpc"},
		"check VPC_ID and SUBNET_ID: both must be of this account and of the function's region"},
	{[]string{"ResourceNotFound.Namespace"},
		"the namespace default is missing: open SCF once in the console"},
	{[]string{"ResourceInUse"},
		"it exists already, perhaps somebody else has just made it: run this again"},
	{[]string{"RequestSizeLimitExceeded", "InvalidParameter.RequestTooLarge", codeTooLong},
		"the zip is too large to send: put it into COS and give the function that object in the console (function code, upload by COS)"},
	{[]string{"RequestLimitExceeded"},
		"somebody else calls this API a lot for this account; run this again later"},
	{[]string{"FailedOperation.DeleteTrigger.UrlUsed"},
		"a custom domain is bound to the function URL: unbind it in the console first"},
	{[]string{"FailedOperation.DebugModeUpdateTimeOutFail"},
		"the console's debug mode is on for this function: turn it off there"},
	{[]string{"UnsupportedOperation.AliasBind", "FailedOperation.ProvisionedInProgress"},
		"the function has an alias or provisioned concurrency: remove that in the console, then run this again"},
	{[]string{"FailedOperation.OperationConflict", "FailedOperation.FunctionStatusError", "FailedOperation.FunctionNameStatusError", "FailedOperation.ReservedInProgress"},
		"something else is changing this function right now: wait a minute and run this again"},
	{[]string{codeNetwork, codeStatus, codeBody, "InternalError"},
		"it may or may not have been done: run this again; it looks first and goes on from there"},
	{[]string{"UnsupportedRegion", "UnauthorizedOperation.Region"},
		"check the region in serverless.yml or -region"},
	{[]string{"InvalidParameter.RoleFull", "InvalidParameter.AttachmentFull"},
		"the account has reached its limit of roles or policies: delete some in the console of CAM"},
	{[]string{"InvalidParameterValue", "InvalidParameter", "MissingParameter", "UnknownParameter"},
		"the API does not take this value: if serverless.yml is as shipped, please report it with the RequestId"},
	{[]string{"FailedOperation"},
		"look at the function in the console, wait a minute, and run this again"},
}

// hint says what to do next.
func (e *Error) hint() string {
	for _, h := range hints {
		if Is(e, h.families...) {
			return h.do
		}
	}
	return "look this code up on Tencent's page of " + e.Action + ", and run this again"
}
