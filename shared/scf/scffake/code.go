package scffake

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// MaxUnzipped is the most bytes of unpacked code (583/11637).
const MaxUnzipped = 500 << 20

// Code says where the code of a function is: in ZipFile or in COS.
type codeParams struct {
	ZipFile         string // base64
	CosBucketName   string
	CosObjectName   string
	CosBucketRegion string
}

// code is an uploaded zip.
type code struct {
	zip    []byte
	sha256 string
	size   int64 // unpacked
	once   sync.Once
	dir    string
	err    error
}

// read takes the code from a request.
func (s *Server) readCode(region string, p codeParams) (*code, error) {
	switch {
	case p.ZipFile != "":
		b, err := base64.StdEncoding.DecodeString(p.ZipFile)
		if err != nil {
			return nil, apiError("InvalidParameterValue.ZipFileBase64BinasciiError", "ZipFile is not base64.")
		}
		return newCode(b)
	case p.CosBucketName != "" && p.CosObjectName != "":
		if p.CosBucketRegion != "" {
			region = p.CosBucketRegion
		}
		b, ok := s.objects[region+"/"+p.CosBucketName+p.CosObjectName]
		if !ok {
			return nil, apiError("ResourceNotFound.CosObject", "There is no such object in the bucket. CosBucketName has no -APPID, and CosObjectName begins with a slash.")
		}
		return newCode(b)
	}
	return nil, apiError("MissingParameter.Code", "The request is missing the code.")
}

func newCode(b []byte) (*code, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, apiError("InvalidParameterValue.ZipFile", "The code is not a zip: "+err.Error())
	}
	sum := sha256.Sum256(b)
	c := &code{zip: b, sha256: hex.EncodeToString(sum[:])}
	for _, f := range z.File {
		c.size += int64(min(f.UncompressedSize64, 1<<40))
	}
	if c.size > MaxUnzipped {
		return nil, apiError("InvalidParameterValue.ZipFile", "The code has over 500 MB unpacked.")
	}
	return c, nil
}

// codeStore is a folder with the code of functions that have run.
type codeStore struct {
	mu  sync.Mutex
	dir string
	n   int
}

// unpack returns the folder with the code. Modes are those of the zip; a zip made
// elsewhere than on Unix has none.
func (st *codeStore) unpack(c *code) (string, error) {
	c.once.Do(func() { c.dir, c.err = st.extract(c) })
	return c.dir, c.err
}

func (st *codeStore) extract(c *code) (string, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.dir == "" {
		dir, err := os.MkdirTemp("", "scffake")
		if err != nil {
			return "", err
		}
		st.dir = dir
	}
	st.n++
	dir := filepath.Join(st.dir, strconv.Itoa(st.n))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	z, err := zip.NewReader(bytes.NewReader(c.zip), int64(len(c.zip)))
	if err != nil {
		return "", err
	}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(f.Name) {
			return "", fmt.Errorf("the zip has a file outside of it: %q", f.Name)
		}
		if err := extractFile(filepath.Join(dir, filepath.FromSlash(f.Name)), f); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func extractFile(path string, f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	return os.Chmod(path, f.Mode().Perm()|0o600)
}

// executable returns the path of the handler's executable.
func (st *codeStore) executable(c *code, handler string) (string, error) {
	dir, err := st.unpack(c)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, handler)
	info, err := os.Stat(path)
	if err != nil || !filepath.IsLocal(handler) || info.IsDir() {
		return "", fmt.Errorf("the zip has no file %q at its root, which Handler names", handler)
	}
	if info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("the file %q of the zip has no exec bit: permission denied", handler)
	}
	return path, nil
}
