package cos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// keys sign requests.
type keys struct {
	id, secret string
	token      string // only with temporary keys
}

// mask takes the keys out of a text. Less than 8 bytes are nobody's key.
func (k keys) mask(text string) string {
	for _, key := range []string{k.secret, k.token, k.id} {
		if len(key) >= 8 {
			text = strings.ReplaceAll(text, key, "(masked)")
		}
	}
	return text
}

const (
	algorithm  = "AWS4-HMAC-SHA256"
	dateLayout = "20060102T150405Z"
)

// sign signs a request by Signature Version 4, for the service s3. It sets the
// headers X-Amz-Date, X-Amz-Content-Sha256 and, for temporary keys,
// X-Amz-Security-Token, and signs them with the host and the headers that name
// or describe the body. The URL's path must be escaped as [escape] does.
//
// See docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
func sign(r *http.Request, k keys, region string, bodySum [sha256.Size]byte, now time.Time) {
	date := now.UTC().Format(dateLayout)
	r.Header.Set("X-Amz-Date", date)
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(bodySum[:]))
	if k.token != "" {
		r.Header.Set("X-Amz-Security-Token", k.token)
	}
	headers, names := canonicalHeaders(r)
	canonical := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), canonicalQuery(r.URL.Query()), headers, names, r.Header.Get("X-Amz-Content-Sha256"),
	}, "\n")
	canonicalSum := sha256.Sum256([]byte(canonical))
	scope := date[:8] + "/" + region + "/s3/aws4_request"
	text := strings.Join([]string{algorithm, date, scope, hex.EncodeToString(canonicalSum[:])}, "\n")

	key := []byte("AWS4" + k.secret)
	for _, part := range []string{date[:8], region, "s3", "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", algorithm+" Credential="+k.id+"/"+scope+
		", SignedHeaders="+names+", Signature="+hex.EncodeToString(key))
}

// canonicalHeaders returns the headers that are signed, each on a line, and
// their names.
func canonicalHeaders(r *http.Request) (lines, names string) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	values := map[string]string{"host": host}
	for name, all := range r.Header {
		switch name = strings.ToLower(name); {
		case name == "content-type", name == "content-md5", name == "date", name == "range", strings.HasPrefix(name, "x-amz-"):
			values[name] = strings.TrimSpace(strings.Join(all, ","))
		}
	}
	var sorted []string
	for name := range values {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var b strings.Builder
	for _, name := range sorted {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return b.String(), strings.Join(sorted, ";")
}

// canonicalQuery is the query, sorted and escaped.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escape escapes all but the unreserved characters of RFC 3986.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// escapePath escapes a path, in which a / stays.
func escapePath(path string) string { return strings.ReplaceAll(escape(path), "%2F", "/") }
