package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/register"
	"sluis/store"
)

// The files of a node directory. Nothing in them is personal or secret in
// clear: keystore and store are sealed.
const (
	identityFile = "identity.json"
	configFile   = "sluis.toml"
	keystoreFile = "keystore.age"
	rootFile     = "root.json"
	storeDir     = "store"
	registerDir  = "register"
)

// An Identity is what a node was made for: who runs it, and in which
// capacities he wants to take part. The register decides whether he does.
type Identity struct {
	exchange.Party
	Contact register.Contact
	// Ledger is the number of the ledger, from 1 (or 0, the same): it rises when a
	// ledger had to continue under another name, see [ContinueLedger].
	Ledger int
}

type storedIdentity struct {
	Version    int                 `json:"version"`
	OIN        exchange.OIN        `json:"oin"`
	Name       string              `json:"name"`
	Capacities []exchange.Capacity `json:"capacities"`
	Contact    register.Contact    `json:"contact"`
	Ledger     int                 `json:"ledger,omitempty"`
}

func (i Identity) encode() ([]byte, error) {
	text, err := json.MarshalIndent(storedIdentity{1, i.OIN, i.Name, i.Capacities, i.Contact, i.Ledger}, "", "  ")
	return append(text, '\n'), err
}

// A Plan says what node to create.
type Plan struct {
	Identity Identity
	// Root is the first root document of the register authority, which the
	// node trusts from now on.
	Root []byte
	// Lock seals the keystore.
	Lock crypto.Lock
	// Config is the text of sluis.toml; empty takes the example.
	Config []byte
}

// Create makes a node directory with mode 0700: identity, configuration, sealed
// keys, pinned root and an empty ledger whose first entry says that it was
// created. It refuses a directory that is not empty, and leaves nothing behind
// when it fails.
func Create(ctx context.Context, dir string, p Plan, o Options) (err error) {
	if err := p.Identity.check(); err != nil {
		return err
	}
	if _, err := register.ParsePin(p.Root); err != nil {
		return err
	}
	config, err := ParseConfig(p.Config)
	if err != nil {
		return err
	}
	if err := emptyDir(dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clear(dir))
		}
	}()
	keys, err := crypto.GenerateKeys()
	if err != nil {
		return err
	}
	sealed, err := keys.Seal(p.Lock)
	if err != nil {
		return err
	}
	identity, err := p.Identity.encode()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		identityFile: identity, configFile: p.Config, keystoreFile: sealed, rootFile: p.Root,
	} {
		if err := durable.Create(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(dir, registerDir), 0o700); err != nil {
		return err
	}
	so, err := storeOptions(p.Identity, config, keys, o)
	if err != nil {
		return err
	}
	if err := store.Create(filepath.Join(dir, storeDir), so); err != nil {
		return err
	}
	s, err := store.Open(filepath.Join(dir, storeDir), so)
	if err != nil {
		return err
	}
	_, err = s.Write(ctx, store.Change{
		Dossier: store.NodeDossier, Record: []store.Event{{Kind: string(exchange.NodeCreated), Private: []byte("{}")}},
	})
	return errors.Join(err, s.Close(), durable.SyncDir(dir))
}

func (i Identity) check() error {
	if _, err := exchange.ParseOIN(string(i.OIN)); err != nil {
		return err
	}
	if i.Name == "" || len(i.Capacities) == 0 {
		return &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "name or capacity"}}
	}
	return nil
}

// ReadIdentity reads for which organisation the node in a directory was made,
// without opening it.
func ReadIdentity(dir string) (Identity, error) {
	raw, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, fault(NoNode)
	}
	if err != nil {
		return Identity{}, err
	}
	var s storedIdentity
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Identity{}, fmt.Errorf("%s: %v", identityFile, err)
	}
	if _, err := d.Token(); err != io.EOF || s.Version != 1 {
		return Identity{}, fmt.Errorf("%s: not of version 1, or something follows it", identityFile)
	}
	i := Identity{Party: exchange.Party{OIN: s.OIN, Name: s.Name, Capacities: s.Capacities}, Contact: s.Contact, Ledger: s.Ledger}
	return i, i.check()
}

func openKeystore(dir string, lock crypto.Lock) (*crypto.Keys, error) {
	sealed, err := os.ReadFile(filepath.Join(dir, keystoreFile))
	if err != nil {
		return nil, err
	}
	return crypto.OpenKeys(sealed, lock)
}

// Entry is the public half of a node's keys as the register entry of its
// party, for `sluis keys show`. It needs the keystore, not the running node: of the
// options Lock and Now count.
func Entry(dir string, o Options) (register.Entry, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	id, err := ReadIdentity(dir)
	if err != nil {
		return register.Entry{}, err
	}
	config, err := ReadConfig(filepath.Join(dir, configFile))
	if err != nil {
		return register.Entry{}, err
	}
	keys, err := openKeystore(dir, o.Lock)
	if err != nil {
		return register.Entry{}, err
	}
	hardware, err := openHardware(config.Signing)
	if err != nil {
		return register.Entry{}, err
	}
	reg, _ := Premises{Dir: dir, Now: o.Now}.register(id) // a node that no register has yet is entered with what it has
	return entryOfKeys(keys, hardware, reg, id, config, o.Now())
}

// emptyDir makes the directory, or takes one that is there and empty.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fault(NodeExists)
	}
	return os.Chmod(dir, 0o700)
}

// clear takes away what a failed Create has written.
func clear(dir string) error {
	var err error
	for _, name := range []string{identityFile, configFile, keystoreFile, rootFile, registerDir, storeDir} {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
	}
	return err
}
