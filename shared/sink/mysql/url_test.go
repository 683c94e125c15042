package mysql

import (
	"net/url"
	"strings"
	"testing"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ query, want string }{
		{"", ""},
		{"table=a.b&dedup_table=c&pool_max_conns=3&tls=true&timeout=3s&wait_timeout=60", ""},
		{"table=a`b", "table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47"},
		{"pool_max_conns=s3cret", "pool_max_conns must be a number from 1 to 1000"},
		{"x=%zz", "the parameters after the ? are malformed; percent-encode % ; & and = in their values"},
		{"tls=s3cret", "tls must be one of false, preferred, true, verify-ca, skip-verify"},
		{"tls_ca=/no/such/file", "tls_ca needs tls=true or tls=verify-ca"},
		{"tls=verify-ca&tls_ca=/no/such/file", "tls_ca: open /no/such/file: no such file or directory"},
		{"tls=verify-ca&tls_ca=url_test.go", "the file of tls_ca holds no certificate in PEM"},
		{"timeout=5", "timeout must be a time such as 10s"},
		{"wait_timeout=1;DROP", "the parameters after the ? are malformed; percent-encode % ; & and = in their values"},
		{"wait_timeout=1%2Bs3cret", "wait_timeout must be a number of seconds"},
		{"allowCleartextPasswords=true", `has a parameter other than table, dedup_table, pool_max_conns, tls, tls_ca, timeout and wait_timeout`},
	} {
		u, err := url.Parse("mysql://user:s3cret@db.example.com/name?" + test.query)
		must(t, err)
		s, err := Open(u)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			must(t, s.Close())
		}
		want := test.want
		if want != "" {
			want = "mysql://db.example.com: " + want
		}
		if got != want || strings.Contains(got, "s3cret") {
			t.Errorf("%s:\n got %s\nwant %s", test.query, got, want)
		}
	}
}
