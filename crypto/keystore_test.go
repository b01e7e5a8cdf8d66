package crypto_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"

	"sluis/crypto"
)

// cheap is a lock that costs little to open.
func cheap(passphrase string) crypto.Lock {
	l := crypto.PassphraseLock([]byte(passphrase))
	l.WorkFactor = 2
	return l
}

func fileLock(t testing.TB) (crypto.Lock, []byte) {
	t.Helper()
	contents, err := crypto.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	l, err := crypto.KeyFileLock(contents)
	if err != nil {
		t.Fatal(err)
	}
	return l, contents
}

func TestKeystore(t *testing.T) {
	byFile, _ := fileLock(t)
	otherFile, _ := fileLock(t)
	locks := map[string]crypto.Lock{"passphrase": cheap("sesam"), "other passphrase": cheap("sesan"), "file": byFile, "other file": otherFile}
	k := newKeys(t)
	want, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for sealedWith, lock := range locks {
		sealed, err := k.Seal(lock)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sealed, want[20:40]) {
			t.Error("the keystore stands in the clear")
		}
		for openedWith, lock := range locks {
			again, err := crypto.OpenKeys(sealed, lock)
			if sealedWith != openedWith {
				if !errors.Is(err, crypto.ErrWrongLock) {
					t.Errorf("sealed with %s, opened with %s: %v, want ErrWrongLock", sealedWith, openedWith, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("sealed and opened with %s: %v", openedWith, err)
				continue
			}
			if got, err := again.Encode(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("sealed and opened with %s: other keys", openedWith)
			}
		}
	}
}

func TestKeystoreDefaultCost(t *testing.T) {
	sealed, err := newKeys(t).Seal(crypto.PassphraseLock([]byte("sesam")))
	if err != nil {
		t.Fatal(err)
	}
	if line := strings.SplitN(string(sealed), "\n", 3)[1]; !strings.HasPrefix(line, "-> scrypt ") || !strings.HasSuffix(line, " 18") {
		t.Errorf("sealed with %q, want scrypt with work factor 18", line)
	}
}

func TestLockRefuses(t *testing.T) {
	k := newKeys(t)
	tooCostly := crypto.PassphraseLock([]byte("sesam"))
	tooCostly.WorkFactor = 21
	negative := crypto.PassphraseLock([]byte("sesam"))
	negative.WorkFactor = -1
	for name, l := range map[string]crypto.Lock{
		"zero": {}, "empty passphrase": crypto.PassphraseLock(nil), "too costly": tooCostly, "negative cost": negative,
	} {
		if _, err := k.Seal(l); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	for name, l := range map[string]crypto.Lock{"zero": {}, "empty passphrase": crypto.PassphraseLock(nil)} {
		if _, err := crypto.OpenKeys(nil, l); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := new(crypto.Keys).Seal(cheap("sesam")); err == nil {
		t.Error("sealed no keys at all")
	}
}

// A file can't make the node use more memory than the highest cost takes.
func TestOpenRefusesCostlyFile(t *testing.T) {
	sealed, err := newKeys(t).Seal(cheap("sesam"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cost := range []string{"21", "22", "30", "63", "99999999999999999999"} {
		costly := bytes.Replace(sealed, []byte(" 2\n"), []byte(" "+cost+"\n"), 1)
		if _, err := crypto.OpenKeys(costly, cheap("sesam")); err == nil || errors.Is(err, crypto.ErrWrongLock) {
			t.Errorf("work factor %s: %v, want that it is too large", cost, err)
		}
	}
}

func TestKeystoreMangled(t *testing.T) {
	lock, _ := fileLock(t)
	sealed, err := newKeys(t).Seal(lock)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := crypto.OpenKeys(bad, lock); err == nil {
			t.Errorf("opened with byte %d changed", i)
		}
		if i%7 == 0 {
			if _, err := crypto.OpenKeys(sealed[:i], lock); err == nil {
				t.Errorf("opened when cut after %d bytes", i)
			}
		}
	}
	if _, err := crypto.OpenKeys(append(bytes.Clone(sealed), 0), lock); err == nil {
		t.Error("opened with a byte behind it")
	}
	if _, err := crypto.OpenKeys(make([]byte, 70<<10), lock); err == nil {
		t.Error("opened a file that is too large")
	}
}

func TestKeystoreHasOneForm(t *testing.T) {
	good, err := newKeys(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crypto.DecodeKeys(good); err != nil {
		t.Fatal(err)
	}
	var members map[string]string
	if err := json.Unmarshal(good, &members); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{
		"space":     strings.Replace(string(good), ":", ": ", 1),
		"tail":      string(good) + "{}",
		"new line":  string(good) + "\n",
		"unknown":   strings.Replace(string(good), "{", `{"x":1,`, 1),
		"twice":     strings.Replace(string(good), "{", `{"format":"sluis-keystore/1",`, 1),
		"case":      strings.Replace(string(good), `"host"`, `"Host"`, 1),
		"version":   strings.Replace(string(good), "keystore/1", "keystore/2", 1),
		"lower key": strings.Replace(string(good), members["sealing"], strings.ToLower(members["sealing"]), 1),
		"array":     "[]", "null": "null", "nothing": "",
	}
	for name := range members {
		bad["without "+name] = strings.Replace(string(good), `"`+name+`":"`+members[name]+`"`, `"`+name+`":""`, 1)
		if name != "format" && name != "sealing" {
			bad["short "+name] = strings.Replace(string(good), members[name], members[name][4:], 1)
		}
	}
	for name, text := range bad {
		if text == string(good) {
			t.Fatalf("%s: changed nothing", name)
		}
		if _, err := crypto.DecodeKeys([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), members["master"]) {
			t.Errorf("%s: the error holds a key", name)
		}
	}
}

func TestKeyFile(t *testing.T) {
	_, contents := fileLock(t)
	line := strings.TrimSpace(string(contents[bytes.IndexByte(contents, '\n'):]))
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"only the identity": line, "with comments": "# created: today\n# public key: age1pq1x\n\n" + line + "\n",
	} {
		if _, err := crypto.KeyFileLock([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "comment": "# nothing\n", "two": line + "\n" + line + "\n", "classical": classic.String() + "\n",
		"cut": line[:len(line)-1], "garbage": "x\n", "large": strings.Repeat("# \n", 30000) + line,
	} {
		_, err := crypto.KeyFileLock([]byte(text))
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "SECRET-KEY-PQ-1"+line[len("AGE-SECRET-KEY-PQ-1"):30]) || strings.Contains(err.Error(), classic.String()) {
			t.Errorf("%s: the error holds a key", name)
		}
	}
}

func TestAuthorityKey(t *testing.T) {
	key := seeded(3)
	sealed, err := crypto.SealAuthorityKey(key, cheap("sesam"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := crypto.OpenAuthorityKey(sealed, cheap("sesam"))
	if err != nil || !again.Equal(key) {
		t.Fatalf("opened another key, or %v", err)
	}
	if _, err := crypto.OpenAuthorityKey(sealed, cheap("sesan")); !errors.Is(err, crypto.ErrWrongLock) {
		t.Errorf("wrong passphrase: %v, want ErrWrongLock", err)
	}
	if _, err := crypto.OpenKeys(sealed, cheap("sesam")); err == nil {
		t.Error("an authority key was opened as a keystore")
	}
	if _, err := crypto.SealAuthorityKey(key[:32], cheap("sesam")); err == nil {
		t.Error("sealed a seed as a key")
	}
	for _, text := range []string{
		"", "{}", `{"format":"sluis-authority-key/1","seed":""}`, `{"format":"sluis-authority-key/1", "seed":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="}`,
		`{"format":"sluis-authority-key/2","seed":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="}`,
	} {
		if _, err := crypto.DecodeAuthorityKey([]byte(text)); err == nil {
			t.Errorf("accepted %s", text)
		}
	}
}

func TestPublic(t *testing.T) {
	k := newKeys(t)
	p := k.Public()
	if !p.Host.Equal(k.Host.Public()) || !p.Signing.Equal(k.Signing.Public()) || !p.Checkpoint.Equal(k.Checkpoint.Public()) ||
		!p.Witness.Equal(k.Witness.Public()) {
		t.Error("a public half does not belong to its key")
	}
	if p.Sealing.String() != k.Sealing.Recipient().String() {
		t.Error("the recipient does not belong to the identity")
	}
	if text := fmt.Sprint(p); !strings.Contains(text, "age1pq1") {
		t.Error("the public half does not print")
	}
}

func FuzzDecodeKeys(f *testing.F) {
	f.Add([]byte(vector(f, "keystore")))
	f.Add([]byte(`{"format":"sluis-keystore/1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := crypto.DecodeKeys(data)
		if err != nil {
			return
		}
		if again, err := k.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Error("accepted what is written otherwise")
		}
	})
}
