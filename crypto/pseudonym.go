package crypto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Pseudonym names value within scope without telling what it is: HMAC-SHA-256
// under key over the length of scope (8 bytes, big-endian), scope and value, as
// 64 hexadecimal digits. The same value has unrelated names in different
// scopes. Without the key a name can't be compared with guessed values.
//
// It returns "" when there is no key, which names nothing.
func Pseudonym(key Secret, scope, value string) string {
	if key.IsZero() {
		return ""
	}
	mac := hmac.New(sha256.New, key.key.get()[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(scope))))
	mac.Write([]byte(scope))
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}
