package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // what RFC 6238 and every authenticator app use; HMAC-SHA-1 is not broken
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

const (
	codeDigits  = 6
	codePeriod  = 30 // seconds
	secretBytes = 20 // as long as the hash (RFC 4226 §4, R6)
)

func newSecret() []byte {
	b := make([]byte, secretBytes)
	rand.Read(b)
	return b
}

// stepOf is the time step of RFC 6238 §4.2.
func stepOf(t time.Time) int64 { return t.Unix() / codePeriod }

// codeOf is the code of a step: HOTP of RFC 4226 §5.3 with the step for counter.
func codeOf(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, n%1_000_000)
}

// checkCode finds the step that a code is of: this one, the one before or the
// next, for clocks that differ and people who type (RFC 6238 §5.2). A step up to
// last was used: its code is not taken twice.
func checkCode(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	for s := stepOf(now) - 1; s <= stepOf(now)+1; s++ {
		if subtle.ConstantTimeCompare([]byte(codeOf(secret, s)), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// secretText is a secret as people type it into an authenticator app.
func secretText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// secretURI is what an authenticator app reads from a picture, in the form that
// they all know (Key Uri Format). It is a secret.
func secretURI(secret []byte, issuer, account string) string {
	q := url.Values{"secret": {secretText(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	// Not every app reads + as a space.
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account, RawQuery: spaced(q.Encode())}
	return u.String()
}
