package testnet

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sluis/crypto"
	"sluis/register"
)

// The register authority of a test network: two keys, and both must sign.
const (
	authorityKeys = 2
	rootFile      = "root.json"
	bundleFile    = "register.json"

	rootLife     = 10 * 365 * 24 * time.Hour
	registerLife = 90 * 24 * time.Hour
	// renewBefore is how long before its end a register is signed again when
	// the network is started.
	renewBefore = 30 * 24 * time.Hour
)

func (n *Net) authorityPath(name string) string {
	return filepath.Join(n.config.Dir, authorityDir, name)
}

// makeAuthority makes the keys of the authority and the root that both sign.
func (n *Net) makeAuthority() ([]byte, error) {
	if err := os.Mkdir(n.authorityPath(""), 0o700); err != nil {
		return nil, err
	}
	var private []ed25519.PrivateKey
	var public []ed25519.PublicKey
	for i := range authorityKeys {
		pub, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		sealed, err := crypto.SealAuthorityKey(key, n.lock)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(n.authorityPath(fmt.Sprintf("key-%d.age", i+1)), sealed, 0o600); err != nil {
			return nil, err
		}
		private, public = append(private, key), append(public, pub)
	}
	issued := n.issued()
	root, err := register.NewRoot(authorityKeys, public, issued, issued.Add(rootLife))
	if err != nil {
		return nil, err
	}
	for _, key := range private {
		if root, err = register.SignRoot(root, key); err != nil {
			return nil, err
		}
	}
	return root, os.WriteFile(n.authorityPath(rootFile), root, 0o600)
}

// issued is the time from which something new holds: a little ago, so that no
// node finds it in the future.
func (n *Net) issued() time.Time { return n.config.Now().Add(-time.Minute).UTC().Truncate(time.Second) }

func (n *Net) openAuthority() (root []byte, keys []ed25519.PrivateKey, err error) {
	for i := range authorityKeys {
		sealed, err := os.ReadFile(n.authorityPath(fmt.Sprintf("key-%d.age", i+1)))
		if err != nil {
			return nil, nil, err
		}
		key, err := crypto.OpenAuthorityKey(sealed, n.lock)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
	}
	root, err = os.ReadFile(n.authorityPath(rootFile))
	return root, keys, err
}

// publish signs a draft with both keys and keeps the bundle, with the contents
// of the catalogues that the draft names.
func (n *Net) publish(d register.Draft, root []byte, keys []ed25519.PrivateKey, law map[string][]byte) error {
	signed, err := d.Sign(keys...)
	if err != nil {
		return err
	}
	bundle, err := register.Publish([][]byte{root}, signed, law)
	if err != nil {
		return err
	}
	return os.WriteFile(n.authorityPath(bundleFile), bundle, 0o600)
}

// sign makes the first register, of these entries.
func (n *Net) sign(entries []register.Entry) error {
	root, keys, err := n.openAuthority()
	if err != nil {
		return err
	}
	issued := n.issued()
	d, err := register.NewDraft(root, issued, issued.Add(registerLife))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if d, err = d.Add(e); err != nil {
			return err
		}
	}
	return n.publish(d, root, keys, nil)
}

// freshRegister is the register to install, signed again when its end is near.
func (n *Net) freshRegister() ([]byte, error) {
	bundle, err := os.ReadFile(n.authorityPath(bundleFile))
	if err != nil {
		return nil, err
	}
	root, keys, err := n.openAuthority()
	if err != nil {
		return nil, err
	}
	pin, err := register.ParsePin(root)
	if err != nil {
		return nil, err
	}
	last, err := register.Reopen(pin, bundle)
	if err != nil {
		return nil, err
	}
	issued := n.issued()
	if issued.Add(renewBefore).Before(last.Expires()) {
		return bundle, nil
	}
	d, err := register.NextDraft(last, root, issued, issued.Add(registerLife))
	if err != nil {
		return nil, err
	}
	law := map[string][]byte{}
	for _, c := range last.Catalogues() {
		law[c.Name], _ = last.Catalogue(c.Name)
	}
	if err := n.publish(d, root, keys, law); err != nil {
		return nil, err
	}
	return os.ReadFile(n.authorityPath(bundleFile))
}

// networkState is the file that says that a directory holds a network.
type networkState struct {
	Version int      `json:"version"`
	Parties []string `json:"parties"`
}

func (n *Net) save() error {
	text, err := json.MarshalIndent(networkState{1, n.order}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.config.Dir, networkFile), append(text, '\n'), 0o600)
}

// find looks whether the directory holds a network, and takes it up. A
// directory that holds something else is refused.
func (n *Net) find() (bool, error) {
	dir := n.config.Dir
	text, err := os.ReadFile(filepath.Join(dir, networkFile))
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, err
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return false, err
		}
		if len(entries) > 0 {
			return false, fmt.Errorf("%s holds something else than a test network; give an empty directory", dir)
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var state networkState
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&state); err != nil || state.Version != 1 || len(state.Parties) == 0 {
		return false, fmt.Errorf("%s is not one that this version understands; start with an empty directory", networkFile)
	}
	contents, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return false, err
	}
	if n.lock, err = crypto.KeyFileLock(contents); err != nil {
		return false, err
	}
	members := Members(state.Parties...)
	if len(members) != len(state.Parties) || slices.ContainsFunc(members, func(m Member) bool { return !slices.Contains(state.Parties, m.Key) }) {
		return false, fmt.Errorf("%s names a party that this version does not have", networkFile)
	}
	for _, m := range members {
		n.add(m)
	}
	return true, nil
}
