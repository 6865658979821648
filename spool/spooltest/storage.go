// Package spooltest is S3-compatible storage in memory, as it is on the wire: signatures (AWS4-HMAC-SHA256, of requests and of each chunk of a
// body), MD5s, parts, ranges and lists are as real ones want them. It can be away, slow, refuse, and lose what was on its way.
package spooltest

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3's checksum
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The one who may use the storage.
const (
	AccessKey = "PARLEYTEST"
	SecretKey = "a secret of tests/only+"
	Region    = "eu-test-1"
	Bucket    = "recordings"
)

// A Storage has one bucket. Its methods may be called from any goroutine.
type Storage struct {
	URL string // of the bucket

	srv     *httptest.Server
	closed  chan struct{}
	mu      sync.Mutex // guards all below
	objects map[string]object
	parts   map[string]upload
	uploads int // begun, in parts, so far
	asked   map[string]int
	fault   Fault
}

type object struct {
	bytes []byte
	at    time.Time
}

type upload struct {
	key   string
	parts map[int][]byte
}

// A Fault is what is wrong with the storage, from Set on.
type Fault struct {
	Away   bool                       // connections are cut at once
	Refuse string                     // a code such as AccessDenied, answered to everything
	Cut    int64                      // bytes of a body after which the connection is cut; 0: never
	Stall  time.Duration              // how long each request is left standing
	Half   bool                       // says that all is stored, and keeps the half of it
	Before func(method, query string) // is called before anything is done
}

// New opens one. Close it.
func New() *Storage { return On(nil) }

// On opens one at a listener of the caller's, which Close closes; nil: at one of its own.
func On(l net.Listener) *Storage {
	s := &Storage{closed: make(chan struct{}), objects: map[string]object{}, parts: map[string]upload{}, asked: map[string]int{}}
	s.srv = httptest.NewUnstartedServer(s)
	if l != nil {
		s.srv.Listener.Close()
		s.srv.Listener = l
	}
	s.srv.Start()
	s.URL = s.srv.URL + "/" + Bucket
	return s
}

// Close cuts what is open.
func (s *Storage) Close() {
	close(s.closed)
	s.srv.CloseClientConnections()
	s.srv.Close()
}

// Set has something go wrong; the zero Fault is none.
func (s *Storage) Set(f Fault) {
	s.mu.Lock()
	s.fault = f
	s.mu.Unlock()
	if f.Away {
		s.srv.CloseClientConnections()
	}
}

// Keys are the names of all objects, sorted.
func (s *Storage) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// Object is one; nil: it is not there.
func (s *Storage) Object(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[key].bytes
}

// Half are uploads in parts that were begun and neither finished nor given up.
func (s *Storage) Half() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.parts)
}

// Asked is how often a method was asked for, signed as it should be.
func (s *Storage) Asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[method]
}

func (s *Storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f := s.fault
	s.mu.Unlock()
	if f.Before != nil {
		f.Before(r.Method, r.URL.RawQuery)
	}
	if f.Away {
		panic(http.ErrAbortHandler)
	}
	if f.Stall > 0 {
		select {
		case <-time.After(f.Stall):
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
	if f.Refuse != "" {
		refuse(w, http.StatusForbidden, f.Refuse)
		return
	}
	signed, err := verify(r)
	if err != nil {
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
		return
	}
	var from io.Reader = r.Body
	if f.Cut > 0 {
		from = &cutting{r.Body, f.Cut}
	}
	body, err := signed.body(from)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody", err.Error())
		return
	}
	if sum := r.Header.Get("Content-Md5"); sum != "" {
		if is := md5.Sum(body); base64.StdEncoding.EncodeToString(is[:]) != sum { //nolint:gosec // S3's checksum
			refuse(w, http.StatusBadRequest, "BadDigest")
			return
		}
	}
	if f.Half {
		body = body[:len(body)/2]
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != Bucket {
		refuse(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[r.Method]++
	if key == "" {
		s.bucket(w, r)
		return
	}
	if r.URL.Query().Has("uploads") || r.URL.Query().Has("uploadId") {
		s.inParts(w, r, key, body)
		return
	}
	s.object(w, r, key, body)
}

// cutting ends a request's body, and its connection, before its time.
type cutting struct {
	io.Reader
	left int64
}

func (c *cutting) Read(b []byte) (int, error) {
	if c.left <= 0 {
		panic(http.ErrAbortHandler)
	}
	n, err := c.Reader.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

func (s *Storage) object(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	switch r.Method {
	case http.MethodPut:
		s.objects[key] = object{body, time.Now()}
		w.Header().Set("ETag", etag(body))
	case http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet, http.MethodHead:
		o, there := s.objects[key]
		if !there {
			refuse(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
			return
		}
		w.Header().Set("ETag", etag(o.bytes))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", o.at, bytes.NewReader(o.bytes))
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

// inParts is an upload in parts (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html and those after it).
func (s *Storage) inParts(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	q := r.URL.Query()
	id := q.Get("uploadId")
	u, there := s.parts[id]
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		s.uploads++
		id = fmt.Sprintf("upload-%d", s.uploads)
		s.parts[id] = upload{key, map[int][]byte{}}
		answer(w, struct {
			XMLName               xml.Name `xml:"InitiateMultipartUploadResult"`
			Bucket, Key, UploadId string
		}{Bucket: Bucket, Key: key, UploadId: id})
	case !there || u.key != key:
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		n, err := strconv.Atoi(q.Get("partNumber"))
		if err != nil || n < 1 || n > 10_000 {
			refuse(w, http.StatusBadRequest, "InvalidArgument")
			return
		}
		u.parts[n] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(s.parts, id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost:
		s.complete(w, id, u, body)
	}
}

// leastPart is what each part but the last has at least, in bytes.
const leastPart = 5 << 20

func (s *Storage) complete(w http.ResponseWriter, id string, u upload, body []byte) {
	var list struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(body, &list); err != nil || len(list.Part) == 0 {
		refuse(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	var whole []byte
	for i, p := range list.Part {
		b, there := u.parts[p.PartNumber]
		switch {
		case !there || strings.Trim(p.ETag, `"`) != strings.Trim(etag(b), `"`):
			refuse(w, http.StatusBadRequest, "InvalidPart")
			return
		case i < len(list.Part)-1 && len(b) < leastPart && !s.fault.Half:
			refuse(w, http.StatusBadRequest, "EntityTooSmall")
			return
		}
		whole = append(whole, b...)
	}
	delete(s.parts, id)
	s.objects[u.key] = object{whole, time.Now()}
	answer(w, struct {
		XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket, Key, ETag string
	}{Bucket: Bucket, Key: u.key, ETag: etag(whole)})
}

// bucket answers what is asked of the bucket itself: which uploads in parts there are, and whether it keeps versions.
func (s *Storage) bucket(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && q.Has("uploads"):
		type open struct{ Key, UploadId string }
		out := struct {
			XMLName     xml.Name `xml:"ListMultipartUploadsResult"`
			Bucket      string
			IsTruncated bool
			Upload      []open
		}{Bucket: Bucket}
		for _, id := range slices.Sorted(maps.Keys(s.parts)) {
			if strings.HasPrefix(s.parts[id].key, q.Get("prefix")) {
				out.Upload = append(out.Upload, open{s.parts[id].key, id})
			}
		}
		answer(w, out)
	case r.Method == http.MethodGet && q.Has("versioning"):
		answer(w, struct {
			XMLName xml.Name `xml:"VersioningConfiguration"`
		}{})
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func etag(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // S3's checksum
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string, message ...string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: code, Message: strings.Join(message, " ")})
}
