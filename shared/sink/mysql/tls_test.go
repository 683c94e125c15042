package mysql

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql/driver"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/mysql/mytest"
)

// authority makes a certificate of an authority, and one that it signed for a
// host, with its key. The files are for everybody to read.
func authority(t *testing.T, dir, name, host string) (ca, cert, key string) {
	t.Helper()
	write := func(file, kind string, der []byte) string {
		path := filepath.Join(dir, name+"-"+file)
		must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644))
		return path
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	hostKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	from, until := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, root, root, caKey.Public(), caKey)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, hostKey.Public(), caKey)
	must(t, err)
	keyDER, err := x509.MarshalECPrivateKey(hostKey)
	must(t, err)
	return write("ca.pem", "CERTIFICATE", caDER), write("cert.pem", "CERTIFICATE", leafDER), write("key.pem", "EC PRIVATE KEY", keyDER)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "tls") // not t.TempDir, which is closed to other users
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	ca, cert, key := authority(t, dir, "ours", "db.example.com")
	foreign, _, _ := authority(t, dir, "foreign", "db.example.com")
	s := mytest.RunT(t, "--ssl-ca="+ca, "--ssl-cert="+cert, "--ssl-key="+key)
	for _, c := range []struct {
		query string
		want  string // in the error; empty: the event is taken
	}{
		{"tls=true&tls_ca=" + ca, "x509: cannot validate certificate for 127.0.0.1"},
		{"tls=true", "x509: "},
		{"tls=verify-ca", "x509: certificate signed by unknown authority"},
		{"tls=verify-ca&tls_ca=" + foreign, "x509: certificate signed by unknown authority"},
		{"tls=verify-ca&tls_ca=" + ca, ""},
		{"tls=skip-verify", ""},
		{"tls=preferred", ""},
	} {
		u, err := url.Parse(s.URL + "?" + c.query)
		must(t, err)
		err = openSink(t, u).Send(t.Context(), delivertest.Events(t, 1))[0]
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.query, err)
		case c.want != "" && (!errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got error %v, want %s", c.query, err, c.want)
		}
	}
	// What is asked for is what is used.
	u, err := url.Parse(s.URL + "?tls=verify-ca&tls_ca=" + ca)
	must(t, err)
	sink := openSink(t, u)
	must(t, sink.pool.Use(t.Context(), nil, func(c *conn) error {
		return c.query(t.Context(), func(row []driver.Value) error {
			if text(row[1]) == "" {
				t.Error("the session is not encrypted")
			}
			return nil
		}, `SHOW SESSION STATUS LIKE 'Ssl_cipher'`)
	}))
}
