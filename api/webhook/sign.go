package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The headers of a signature (Standard Webhooks 1.0).
const (
	idHeader        = "Webhook-Id"
	timeHeader      = "Webhook-Timestamp"
	signatureHeader = "Webhook-Signature"

	keyPrefix = "whsec_"
	minKey    = 24
	maxKey    = 64
	// skew is how old a signature may be.
	skew = 5 * time.Minute
)

// ReadKeys reads the keys of a signature, one a line: whsec_ and 24 to 64 bytes in
// base64. With two, each event has two signatures, so that a receiver can change
// over; with the new one first.
func ReadKeys(text []byte) ([][]byte, error) {
	var keys [][]byte
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		coded, ok := strings.CutPrefix(line, keyPrefix)
		key, err := base64.StdEncoding.DecodeString(coded)
		if !ok || err != nil || len(key) < minKey || len(key) > maxKey {
			return nil, errors.New("a line is not whsec_ and 24 to 64 bytes in base64")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 || len(keys) > 2 {
		return nil, errors.New("there must be one key, or two while one replaces the other")
	}
	return keys, nil
}

func sign(h http.Header, keys [][]byte, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	var all []string
	for _, key := range keys {
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac(key, id, stamp, body)))
	}
	h.Set(idHeader, id)
	h.Set(timeHeader, stamp)
	h.Set(signatureHeader, strings.Join(all, " "))
}

func mac(key []byte, id, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	return m.Sum(nil)
}

// Verify holds the body of a webhook to its signature, for who receives it.
func Verify(h http.Header, key, body []byte, now time.Time) error {
	stamp := h.Get(timeHeader)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > skew {
		return errors.New("the signature is of another time")
	}
	want := mac(key, h.Get(idHeader), stamp, body)
	for _, one := range strings.Fields(h.Get(signatureHeader)) {
		coded, ok := strings.CutPrefix(one, "v1,")
		given, err := base64.StdEncoding.DecodeString(coded)
		if ok && err == nil && hmac.Equal(given, want) {
			return nil
		}
	}
	return errors.New("the signature does not hold")
}

// NewClient is a client that goes where it is told and no further: no proxy, no
// redirect, and no address that is no proper destination for anybody. An address
// inside the organisation is: that is where its systems are. roots nil are those of
// the machine.
func NewClient(roots *x509.CertPool) *http.Client {
	dial := &net.Dialer{Timeout: 10 * time.Second, Control: destination}
	return &http.Client{
		Timeout:       postTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dial.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConns: 1,
		},
	}
}

// destination refuses what a name should never stand for, such as the address at
// which a cloud tells its secrets. It looks at what is really dialled, so a name
// that changes in between does not help.
func destination(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return errNowhere
	}
	return nil
}

var errNowhere = errors.New("this is no destination for a webhook")
