package webhook

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"vodevents/shared/deliver/delivertest"
)

// A receiver that repeats what it was sent, however it writes it, brings nothing
// secret into the error, and with it into the log and the dead letter.
func TestEcho(t *testing.T) {
	t.Parallel()
	const key = "h/+sh/+sh/+sh/+sh/+sh/+sh/+sh/+sh/+s" // 27 bytes
	echoes := map[string]func(w http.ResponseWriter, r *http.Request){
		"the URL": func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			fmt.Fprintf(w, "cannot POST %s, nor %s nor %s nor %q of %s", r.RequestURI, r.URL.Path, r.URL.RawQuery, r.URL.Query(), password)
		},
		"the headers":         func(w http.ResponseWriter, r *http.Request) { r.Header.Write(w) },
		"the headers in JSON": func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(r.Header) },
		"the headers in PHP's JSON": func(w http.ResponseWriter, r *http.Request) {
			b, _ := json.Marshal(r.Header)
			w.Write(bytes.ReplaceAll(b, []byte("/"), []byte(`\/`)))
		},
		"the headers in HTML":  func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, html.EscapeString(fmt.Sprint(r.Header))) },
		"the headers in Go":    func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%#v", r.Header) },
		"the headers in a URL": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, url.Values(r.Header).Encode()) },
		"the request in a URL, in the lower case of hex": func(w http.ResponseWriter, r *http.Request) {
			said := url.QueryEscape(r.RequestURI + " " + r.Header.Get("Webhook-Signature") + " " + r.Header.Get("Authorization"))
			fmt.Fprint(w, regexp.MustCompile("%..").ReplaceAllStringFunc(said, strings.ToLower))
		},
		"the authorization's base64": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Fields(r.Header.Get("Authorization"))[1])
		},
		"the authorization, decoded": func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			fmt.Fprint(w, user, password, " ", user+":"+password)
		},
		"the authorization, cut": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Authorization")[:16], "…") },
		"the signature, cut": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Header.Get("Webhook-Signature")[:16], "…")
		},
		"the secret": func(w http.ResponseWriter, r *http.Request) {
			raw, _ := base64.StdEncoding.DecodeString(key)
			fmt.Fprintf(w, "%s whsec_%s %s", raw, key, key)
		},
		"much, so that it is cut within a secret": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Repeat(strings.Fields(r.Header.Get("Authorization"))[1], 5000))
		},
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent http.Header
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent = r.Header
				w.Header().Set("Location", "http://[/"+r.RequestURI)
				w.WriteHeader(http.StatusFound)
				fmt.Fprint(w, "SAID ")
				echo(w, r)
			}))
			defer server.Close()
			address := strings.TrimPrefix(server.URL, "http://")
			s := open(t, "http://hush0:hu%2Bsh%2F%221@"+address+"/hush2/%22hush3?a=hush4&b=hu%73h5&secret=whsec_"+key)
			err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
			if err == nil || !strings.Contains(err.Error(), "302 Found") || !strings.Contains(err.Error(), "SAID") || !strings.Contains(err.Error(), stars) {
				t.Fatalf("got error %v", err)
			}
			basic := strings.Fields(sent.Get("Authorization"))[1]
			for _, secret := range []string{"hu", "h/+sh", basic[:8], basic[len(basic)-8:], sent.Get("Webhook-Signature")[3:11]} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q is in the error: %v", secret, err)
				}
			}
		})
	}
}

// The reason phrase, and an answer that is no HTTP, are quoted without what was
// sent, too.
func TestEchoOutsideTheBody(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"HTTP/1.1 400 %s %s\r\nContent-Length: 0\r\n\r\n", "%s-%s\r\n\r\n"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err == nil {
					io.Copy(io.Discard, r.Body)
					fmt.Fprintf(c, format, r.RequestURI, strings.Fields(r.Header.Get("Authorization"))[1])
				}
				c.Close()
			}
		}()
		err = open(t, "http://hush0:hush1@"+l.Addr().String()+"/hush2?hush3=hush4").Send(t.Context(), delivertest.Events(t, 1))[0]
		if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "aHVza") || !strings.Contains(err.Error(), stars) {
			t.Errorf("got error %v", err)
		}
	}
}
