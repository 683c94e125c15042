package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// trust has a configuration accept what the certificates in PEM signed, or what
// the system's did where there are none. With chainOnly the name of the host
// does not matter: certificates of TencentDB do not have that of an instance's
// address.
func trust(config *tls.Config, chainOnly bool, pem []byte) error {
	if pem != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return errors.New("the file of tls_ca holds no certificate in PEM")
		}
	}
	if !chainOnly {
		return nil
	}
	roots := config.RootCAs
	config.InsecureSkipVerify = true // the chain is verified here
	config.VerifyConnection = func(s tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range s.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(options)
		return err
	}
	return nil
}
