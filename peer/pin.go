package peer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// PinRoot lets a node that is stopped trust another root, when so many of the
// register authorities have lost their keys that nobody can sign the next one. The
// register that it had is forgotten, as it no longer holds; one under the new root
// has to be installed. It returns the fingerprint, which people must have compared.
//
// The root comes first and then the entry; after a crash in between the node does
// not start, and doing it again finishes it.
func PinRoot(ctx context.Context, dir string, root []byte, o Options) (fingerprint string, err error) {
	pin, err := register.ParsePin(root)
	if err != nil {
		return "", err
	}
	id, config, keys, err := readDir(dir, o.Lock)
	if err != nil {
		return "", err
	}
	so, err := storeOptions(id, config, keys, o)
	if err != nil {
		return "", err
	}
	s, err := store.Open(filepath.Join(dir, storeDir), so) // nobody else has it open
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.Shown() != "" {
		return "", fault(LedgerBehind)
	}
	if s.Recovering() {
		return "", fault(Recovering)
	}
	value, was, err := s.Get(tableRegister, registerKey)
	had := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	if before, err := readPin(dir); err == nil && before == pin && (!had || holds(dir, pin, value)) {
		return pin.Fingerprint(), nil
	}
	if err := durable.Replace(filepath.Join(dir, rootFile), root, 0o600); err != nil {
		return "", err
	}
	part, err := json.Marshal(map[string]string{"root": pin.Fingerprint()})
	if err != nil {
		return "", err
	}
	c := store.Change{
		Dossier: store.NodeDossier,
		Record:  []store.Event{{Kind: string(exchange.RootPinned), Message: ledger.Digest(sha256.Sum256(root)), Private: part}},
	}
	if had {
		c.Deletes = []store.Deletion{{Table: tableRegister, Key: registerKey, Was: was}}
	}
	_, err = s.Write(ctx, c)
	return pin.Fingerprint(), err
}

// holds reports whether the register of a row leads back to a root.
func holds(dir string, pin register.Pin, row []byte) bool {
	var s storedRegister
	if json.Unmarshal(row, &s) != nil {
		return false
	}
	bundle, err := os.ReadFile(filepath.Join(dir, registerDir, strconv.FormatUint(s.Version, 10)+".json"))
	if err != nil {
		return false
	}
	_, err = register.Reopen(pin, bundle)
	return err == nil
}

// readDir reads what a node is made of, without opening its store.
func readDir(dir string, lock crypto.Lock) (id Identity, config Config, keys *crypto.Keys, err error) {
	if id, err = ReadIdentity(dir); err != nil {
		return id, config, nil, err
	}
	if config, err = ReadConfig(filepath.Join(dir, configFile)); err != nil {
		return id, config, nil, err
	}
	keys, err = openKeystore(dir, lock)
	return id, config, keys, err
}
