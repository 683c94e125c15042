package vodfake_test

import (
	"context"
	"testing"
	"time"

	"vodevents/shared/vodfake"
)

// Calls that Tencent's own SDK has signed are checked over a real connection.
func TestSignature(t *testing.T) {
	t.Parallel()
	temporary := vodfake.Credential{SecretId: "temporary", SecretKey: "k", Token: "session"}
	for _, x := range []struct {
		name string
		keys vodfake.Credential
		skew time.Duration
		want string
	}{
		{name: "permanent keys", keys: rightKeys},
		{name: "temporary keys", keys: temporary},
		{name: "wrong key", keys: vodfake.Credential{SecretId: vodfake.SecretId, SecretKey: "wrong"}, want: "AuthFailure.SignatureFailure"},
		{name: "unknown id", keys: vodfake.Credential{SecretId: "nobody", SecretKey: "k"}, want: "AuthFailure.SecretIdNotFound"},
		{name: "token forgotten", keys: vodfake.Credential{SecretId: "temporary", SecretKey: "k"}, want: "AuthFailure.TokenFailure"},
		{name: "token of others", keys: vodfake.Credential{SecretId: "temporary", SecretKey: "k", Token: "old"}, want: "AuthFailure.TokenFailure"},
		{name: "token too many", keys: vodfake.Credential{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey, Token: "session"}, want: "AuthFailure.TokenFailure"},
		{name: "clock almost 5 min slow", keys: rightKeys, skew: 4*time.Minute + 50*time.Second},
		{name: "clock over 5 min slow", keys: rightKeys, skew: 5*time.Minute + 10*time.Second, want: "AuthFailure.SignatureExpire"},
		{name: "clock over 5 min fast", keys: rightKeys, skew: -5*time.Minute - 10*time.Second, want: "AuthFailure.SignatureExpire"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := vodfake.RunT(t, vodfake.Options{ClockSkew: x.skew, Credentials: []vodfake.Credential{rightKeys, temporary}})
			fill(s, 7, 1)
			_, err := newClient(t, s, x.keys).send(context.Background(), "PullEvents", members{"SubAppId": 7})
			if code(err) != x.want {
				t.Errorf("error %v, want %q", err, x.want)
			}
			if leased := s.App(7).Leased; (leased == 1) != (x.want == "") {
				t.Errorf("%d events leased", leased)
			}
		})
	}
}

func TestSetCredentials(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	c := newClient(t, s, rightKeys)
	fill(s, 0, 2)
	s.Next("PullEvents", vodfake.Fault{Kind: vodfake.Cut})
	if _, err := c.send(context.Background(), "PullEvents", nil); code(err) != "network" {
		t.Errorf("a cut body: %v", err)
	}
	s.SetCredentials(vodfake.Credential{SecretId: "new", SecretKey: "k"})
	if _, err := c.send(context.Background(), "PullEvents", nil); code(err) != "AuthFailure.SecretIdNotFound" {
		t.Errorf("after the rotation: %v", err)
	}
}
