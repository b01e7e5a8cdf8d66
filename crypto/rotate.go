package crypto

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"

	"filippo.io/age"
)

// A Use is what a key of a node is for.
type Use string

// The uses of which a node may have several keys at a time: one that is new, and
// those before it, for as long as somebody relies on them.
const (
	UsePeer       Use = "peer"       // proves the peer ID on the network
	UseSigning    Use = "signing"    // signs messages
	UseSealing    Use = "sealing"    // opens what is sealed to the party
	UseCheckpoint Use = "checkpoint" // signs the checkpoints of the ledger
	UseWitness    Use = "witness"    // cosigns the checkpoints of others
)

// The uses of which nobody outside the node knows a half. The master key is rotated
// too, and has one former key at most. That of pseudonyms stays, see docs/keys.md.
const (
	UseMaster    Use = "master"    // wraps the record keys, encrypts the database
	UsePseudonym Use = "pseudonym" // names persons in the indexes
)

// Uses lists those of which the register has the public half, in the order in which
// they are shown.
var Uses = [...]Use{UsePeer, UseSigning, UseSealing, UseCheckpoint, UseWitness}

// MaxFormer bounds the former keys of one use. The register lists at most four
// recipients of a party.
const MaxFormer = 3

// ErrTooManyKeys is returned when a use has [MaxFormer] former keys.
var ErrTooManyKeys = errors.New("there are too many former keys of this use; retire one first")

// ErrNoSuchKey is returned for a key that is not there, or is the newest.
var ErrNoSuchKey = errors.New("there is no former key with this ID")

// Former are the keys that were in use before those of [Keys], newest first.
type Former struct {
	Host, Signing, Checkpoint, Witness []ed25519.PrivateKey
	Sealing                            []*Identity
	Master                             Secret // zero for none
}

// storedFormer is Former in a keystore. The Ed25519 keys are seeds.
type storedFormer struct {
	Host       [][]byte `json:"host,omitempty"`
	Signing    [][]byte `json:"signing,omitempty"`
	Checkpoint [][]byte `json:"checkpoint,omitempty"`
	Witness    [][]byte `json:"witness,omitempty"`
	Sealing    []string `json:"sealing,omitempty"`
	Master     []byte   `json:"master,omitempty"` // only in format 3
}

// A Held is a key that a keystore holds, by what can be told of it.
type Held struct {
	Use Use
	// ID is a peer ID for UsePeer, the [RecipientID] for UseSealing, the [MasterID]
	// for UseMaster, and the [KeyID] of the key for all others.
	ID string
	// Former says that a newer one is there.
	Former bool
}

// RecipientID names a recipient in a few characters: its SHA-256 in base64url,
// as a recipient itself is two kilobytes long.
func RecipientID(r Recipient) string {
	sum := sha256.Sum256([]byte(r.String()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// masterLabel is what the name of a master key is derived with.
const masterLabel = "sluis/master-key-name/1"

// MasterID names a master key in 43 characters of base64url, and tells nothing of it:
// it is derived as an independent key is. It is "" for the zero Secret.
func MasterID(master Secret) string {
	return base64.RawURLEncoding.EncodeToString(DeriveKey(master, masterLabel).Bytes())
}

// Held lists the keys that can be rotated, by use, the newest of each first.
func (k *Keys) Held() (all []Held) {
	for _, u := range Uses {
		if u == UseSealing {
			for i, id := range k.Identities() {
				all = append(all, Held{u, RecipientID(id.Recipient()), i > 0})
			}
			continue
		}
		for i, key := range k.Of(u) {
			all = append(all, Held{u, idOf(u, publicOf(key)), i > 0})
		}
	}
	all = append(all, Held{UseMaster, MasterID(k.Master), false})
	if !k.Former.Master.IsZero() {
		all = append(all, Held{UseMaster, MasterID(k.Former.Master), true})
	}
	return all
}

func idOf(u Use, key ed25519.PublicKey) string {
	if u == UsePeer {
		return PeerID(key)
	}
	return KeyID(key)
}

// Of lists the keys of a use other than UseSealing, newest first.
func (k *Keys) Of(u Use) []ed25519.PrivateKey {
	current, former := k.ring(u)
	if current == nil {
		return nil
	}
	return append([]ed25519.PrivateKey{*current}, *former...)
}

// Identities lists the keys that open what is sealed to the party, newest first.
func (k *Keys) Identities() []*Identity {
	return append([]*Identity{k.Sealing}, k.Former.Sealing...)
}

func (k *Keys) ring(u Use) (current *ed25519.PrivateKey, former *[]ed25519.PrivateKey) {
	switch u {
	case UsePeer:
		return &k.Host, &k.Former.Host
	case UseSigning:
		return &k.Signing, &k.Former.Signing
	case UseCheckpoint:
		return &k.Checkpoint, &k.Former.Checkpoint
	case UseWitness:
		return &k.Witness, &k.Former.Witness
	}
	return nil, nil
}

// Rotate returns the keys with a new one for a use. The one before stays, as a
// former one. k does not change.
func (k *Keys) Rotate(u Use) (*Keys, error) {
	next := k.copy()
	if u == UseSealing {
		id, err := NewIdentity()
		if err != nil {
			return nil, err
		}
		if len(k.Former.Sealing) >= MaxFormer {
			return nil, ErrTooManyKeys
		}
		next.Former.Sealing = k.Identities()
		next.Sealing = id
		return next, nil
	}
	if u == UseMaster {
		if !k.Former.Master.IsZero() {
			return nil, ErrTooManyKeys
		}
		next.Former.Master, next.Master = k.Master, NewSecret()
		return next, nil
	}
	current, former := next.ring(u)
	if current == nil {
		return nil, errors.New("there is no such use of a key")
	}
	if len(*former) >= MaxFormer {
		return nil, ErrTooManyKeys
	}
	*former = k.Of(u)
	*current = newPrivateKey()
	return next, nil
}

// Retire returns the keys without a former one, which is then gone for ever
// once the result replaces k on disk. k does not change.
func (k *Keys) Retire(u Use, id string) (*Keys, error) {
	next := k.copy()
	before := len(next.Held())
	if u == UseMaster && !k.Former.Master.IsZero() && MasterID(k.Former.Master) == id {
		next.Former.Master = Secret{}
	} else if u == UseSealing {
		next.Former.Sealing = slices.DeleteFunc(next.Former.Sealing, func(i *Identity) bool { return RecipientID(i.Recipient()) == id })
	} else if _, former := next.ring(u); former != nil {
		*former = slices.DeleteFunc(*former, func(key ed25519.PrivateKey) bool { return idOf(u, publicOf(key)) == id })
	}
	if len(next.Held()) == before {
		return nil, ErrNoSuchKey
	}
	return next, nil
}

// Relock returns the keys as they are to be sealed with another lock than
// before: the count of that rises, so that it can be seen that they were.
func (k *Keys) Relock() *Keys {
	next := k.copy()
	next.Relocked++
	return next
}

func (k *Keys) copy() *Keys {
	fields := *k.keyFields
	for _, u := range Uses {
		next := &Keys{&keys{&fields}}
		if _, former := next.ring(u); former != nil {
			*former = slices.Clone(*former)
		}
	}
	fields.Former.Sealing = slices.Clone(fields.Former.Sealing)
	return &Keys{&keys{&fields}}
}

// stored writes the former keys, or nil when there are none.
func (f Former) stored() (*storedFormer, error) {
	s := storedFormer{}
	for _, ring := range []struct {
		keys []ed25519.PrivateKey
		into *[][]byte
	}{{f.Host, &s.Host}, {f.Signing, &s.Signing}, {f.Checkpoint, &s.Checkpoint}, {f.Witness, &s.Witness}} {
		for _, key := range ring.keys {
			if len(key) != ed25519.PrivateKeySize {
				return nil, errors.New("keystore: a key is missing")
			}
			*ring.into = append(*ring.into, key.Seed())
		}
	}
	for _, id := range f.Sealing {
		if id == nil || id.key.get() == nil {
			return nil, errors.New("keystore: a key is missing")
		}
		s.Sealing = append(s.Sealing, id.key.get().String())
	}
	s.Master = f.Master.Bytes()
	if len(s.Host)+len(s.Signing)+len(s.Checkpoint)+len(s.Witness)+len(s.Sealing)+len(s.Master) == 0 {
		return nil, nil
	}
	return &s, nil
}

// former reads what stored wrote.
func (s *storedFormer) former() (f Former, err error) {
	if s == nil {
		return Former{}, nil
	}
	for _, ring := range []struct {
		seeds [][]byte
		into  *[]ed25519.PrivateKey
	}{{s.Host, &f.Host}, {s.Signing, &f.Signing}, {s.Checkpoint, &f.Checkpoint}, {s.Witness, &f.Witness}} {
		for _, seed := range ring.seeds {
			if len(seed) != ed25519.SeedSize {
				return Former{}, errors.New("keystore: a key has the wrong size")
			}
			*ring.into = append(*ring.into, ed25519.NewKeyFromSeed(bytes.Clone(seed)))
		}
	}
	for _, text := range s.Sealing {
		id, err := age.ParseHybridIdentity(text)
		if err != nil {
			return Former{}, errors.New("keystore: the sealing key is not a hybrid age identity")
		}
		f.Sealing = append(f.Sealing, &Identity{veiled(id)})
	}
	if len(s.Master) > 0 {
		master, err := ParseSecret(s.Master)
		if err != nil {
			return Former{}, errors.New("keystore: the master key has the wrong size")
		}
		f.Master = master
	}
	return f, nil
}
