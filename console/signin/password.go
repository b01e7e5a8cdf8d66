package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

const (
	// A password has 12 to 128 characters, whichever: length is what counts (NIST
	// SP 800-63B-4 §3.1.1.2).
	shortestPassword = 12
	longestPassword  = 128

	atOnce = 4 // passwords that are hashed at the same time, each in 32 MiB

	recoveryCodes = 10
	recoveryBytes = 10 // of each: 80 bits, so that a plain digest is enough
)

// cost is the cost of a hash: more than the 19 MiB and 2 passes that OWASP's
// Password Storage Cheat Sheet wants at least. Hashes carry their own, so that
// this can rise.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

var costNow = cost{memory: 32 << 10, passes: 3, lanes: 1}

// A hash is of a password, as text in the PHC string format:
// $argon2id$v=19$m=32768,t=3,p=1$salt$hash.
type hash string

func (c cost) hash(password string, salt []byte) hash {
	sum := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, 32)
	b := base64.RawStdEncoding
	return hash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.lanes, b.EncodeToString(salt), b.EncodeToString(sum)))
}

func newSalt() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return b
}

var errHash = errors.New("a password is stored in a form that this version cannot read")

// parts reads a hash back. What would cost more than a server has is refused.
func (h hash) parts() (c cost, salt []byte, err error) {
	fields := strings.Split(string(h), "$")
	if len(fields) != 6 {
		return cost{}, nil, errHash
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); err != nil {
		return cost{}, nil, errHash
	}
	salt, err = base64.RawStdEncoding.Strict().DecodeString(fields[4])
	if err != nil || len(salt) < 8 || c.memory < 8 || c.memory > 1<<20 || c.passes < 1 || c.passes > 16 || c.lanes < 1 || c.lanes > 16 {
		return cost{}, nil, errHash
	}
	return c, salt, nil
}

// nobody is the hash of a password that nobody has: checking against it takes as
// long as against another.
var nobody = costNow.hash(string(newToken()), newSalt())

// checkPassword compares a password with a hash, or spends as long on none.
func (d *Door) checkPassword(ctx context.Context, password string, h hash) (bool, error) {
	none := h == ""
	if none || utf8.RuneCountInString(password) > longestPassword {
		h, password = nobody, ""
	}
	c, salt, err := h.parts()
	if err != nil {
		return false, err
	}
	got, err := d.hash(ctx, c, password, salt)
	return err == nil && subtle.ConstantTimeCompare([]byte(got), []byte(h)) == 1 && !none, err
}

// hash waits for its turn: each one takes much memory.
func (d *Door) hash(ctx context.Context, c cost, password string, salt []byte) (hash, error) {
	select {
	case d.hashing <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { <-d.hashing }()
	return c.hash(password, salt), nil
}

// checkNewPassword holds a password that somebody chose to its length.
func checkNewPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < shortestPassword || n > longestPassword || !utf8.ValidString(password) {
		return fault(BadNewPassword)
	}
	return nil
}

var recoveryText = base32.StdEncoding.WithPadding(base32.NoPadding)

// newRecovery draws codes, each for one time that the codes of the moment are not
// at hand, and the digests to keep.
func newRecovery() (codes []string, kept [][]byte) {
	for range recoveryCodes {
		var b [recoveryBytes]byte
		rand.Read(b[:])
		text := recoveryText.EncodeToString(b[:])
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		sum := sha256.Sum256(b[:])
		kept = append(kept, sum[:])
	}
	return codes, kept
}

// readRecovery reads a code as people type it: in small letters, with spaces or
// hyphens or without.
func readRecovery(code string) (sum []byte, ok bool) {
	if len(code) > 64 {
		return nil, false
	}
	b, err := recoveryText.DecodeString(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code)))
	if err != nil || len(b) != recoveryBytes {
		return nil, false
	}
	d := sha256.Sum256(b)
	return d[:], true
}

// findRecovery is where a code is among those that are left, or -1.
func findRecovery(kept [][]byte, code string) int {
	sum, ok := readRecovery(code)
	at := -1
	for i, k := range kept {
		if subtle.ConstantTimeCompare(k, sum) == 1 && ok {
			at = i
		}
	}
	return at
}

// spaced writes spaces of a query as %20.
func spaced(query string) string { return strings.ReplaceAll(query, "+", "%20") }
