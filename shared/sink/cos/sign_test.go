package cos

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The examples of docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
func TestSignatureOfPublishedExamples(t *testing.T) {
	t.Parallel()
	example := keys{id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	now := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		method, path, body string
		header             http.Header
		signed, signature  string
	}{
		"GET Object": {
			"GET", "/test.txt", "", http.Header{"Range": {"bytes=0-9"}},
			"host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		},
		"PUT Object": {
			"PUT", "/test%24file.text", "Welcome to Amazon S3.",
			http.Header{"Date": {"Fri, 24 May 2013 00:00:00 GMT"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"}},
			"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
		},
		"GET Bucket Lifecycle": {
			"GET", "/?lifecycle", "", http.Header{},
			"host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
		},
		"List Objects": {
			"GET", "/?max-keys=2&prefix=J", "", http.Header{},
			"host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
		},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "https://examplebucket.s3.amazonaws.com"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = c.header
		sign(r, example, "us-east-1", sha256.Sum256([]byte(c.body)), now)
		want := "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=" + c.signed + ", Signature=" + c.signature
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

// A path is escaped as the signature has it: all but the unreserved characters.
func TestEscape(t *testing.T) {
	t.Parallel()
	if got := escapePath("/a b/c+d/é~-._!'()*&=:@$,%/"); got != "/a%20b/c%2Bd/%C3%A9~-._%21%27%28%29%2A%26%3D%3A%40%24%2C%25/" {
		t.Error(got)
	}
}
