package main

import (
	"testing"

	"vodevents/shared/vod"
)

func TestPrivate(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "10.0.0.7": true, "169.254.0.1": true, "callback": true,
		"1300000000-abc.in.ap-guangzhou.tencentscf.com": true,
		"1300000000-abc.ap-guangzhou.tencentscf.com":    false,
		"vod.tencentcloudapi.com":                       false,
		"203.0.113.5":                                   false, "": false,
	} {
		if got := private(host); got != want {
			t.Errorf("private(%q) = %t", host, got)
		}
	}
}

// The code of VOD's answer decides the cause.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code       string
		want       cause
		everywhere bool
	}{
		{"AuthFailure.SignatureExpire", causeClock, true},
		{"AuthFailure.SecretIdNotFound", causeKeys, true},
		{"AuthFailure.TokenFailure", causeKeys, true},
		{"AuthFailure.UnauthorizedOperation", causeRights, false},
		{"UnauthorizedOperation", causeRights, false},
		{"FailedOperation.InvalidVodUser", causeInactive, false},
		{"InvalidParameterValue.SubAppId", causeSubAppId, false},
		{"MissingParameter", causeSubAppId, false},
		{"ClientError.NetworkError", causeEndpoint, true},
		{"RequestLimitExceeded", causeAPI, false},
		{"InternalError", causeAPI, false},
		{"ClientError.StrangeAnswer", causeStrange, false},
	} {
		got, everywhere := diagnose(&vod.Error{Action: "DescribeEventConfig", Code: test.code})
		if got.what != test.want.what || everywhere != test.everywhere {
			t.Errorf("%s: %q, %t", test.code, got.what, everywhere)
		}
	}
}
