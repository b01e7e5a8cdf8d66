package peer

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// A key is rotated in steps, and the register says which step it is: nothing
// about that is kept here.
//
//   - the keystore gets a new key beside the old one ([Node.RotateKey]); what
//     `sluis keys show` prints has both where the register can list both;
//   - the register lists the new one: from that moment the node uses it, and
//     still opens what is sealed to the old one;
//   - `sluis keys show` prints the new one alone, and the register follows;
//   - the old key is destroyed ([Node.RetireKey]), once nothing relies on it.
//
// The keystore is a file beside the store. It is written first; the row
// keysHeld, which goes with the ledger entry, says what the ledger knows of it.
// Where the two differ after a crash, the entry is made up for (see keepKeys).

const keysHeld = "held"

// storedHeld is the row of the keys that the ledger knows of.
type storedHeld struct {
	Keys     []heldKey `json:"keys"`
	Relocked int       `json:"relocked"`
}

// A heldKey is the private part of an entry about a key.
type heldKey struct {
	Use crypto.Use `json:"use"`
	ID  string     `json:"id"`
}

// A KeyState says where a key stands between being made and being destroyed.
type KeyState string

// The states of a key.
const (
	KeyWaits   KeyState = "waits"   // new: the register does not list it yet
	KeyInUse   KeyState = "in-use"  // the one that the node uses
	KeyOverlap KeyState = "overlap" // replaced, and the register still lists it
	KeyOver    KeyState = "over"    // replaced, and the register does not list it any more
	KeyRevoked KeyState = "revoked" // compromised, says the register
)

// A KeyHeld is a key of the node and its state.
type KeyHeld struct {
	crypto.Held
	State KeyState
	Since time.Time // from when the register has it, for a signing key
}

// settling is how long a signing key must hold before it is used where another
// still does: the time in a message is a little older than its signature.
const settling = 5 * time.Second

// signing is the key that signs messages now: of those that the register lets
// sign, the one that it took up last. A key that was just made is not used
// before the register has it, since nobody could verify what it signs.
func (n *Node) signing() crypto.Signer {
	reg := n.force.Load().register
	kid := signsWith(n.keys.Load(), n.hardware.all(), reg, n.id.OIN, n.now())
	for _, s := range n.hardware.all() {
		if crypto.KeyID(s.public) == kid {
			return s
		}
	}
	for _, key := range n.keys.Load().Of(crypto.UseSigning) {
		if kidOf(key) == kid {
			return key
		}
	}
	return n.keys.Load().Signing
}

// signsWith is the kid of the key that signs.
func signsWith(keys *crypto.Keys, hardware []heldInHardware, reg *register.Register, oin exchange.OIN, now time.Time) string {
	var kids []string
	for _, s := range hardware {
		kids = append(kids, crypto.KeyID(s.public))
	}
	for _, key := range keys.Of(crypto.UseSigning) {
		kids = append(kids, kidOf(key))
	}
	if reg == nil {
		return kidOf(keys.Signing)
	}
	for _, since := range []time.Time{now.Add(-settling), now} {
		best, from := "", time.Time{}
		for _, kid := range kids {
			listed, ok := reg.Key(kid)
			if ok && listed.OIN == oin && listed.ValidAt(now) && listed.ValidAt(since) && (best == "" || listed.From.After(from)) {
				best, from = kid, listed.From
			}
		}
		if best != "" {
			return best
		}
	}
	return kidOf(keys.Signing)
}

// hostKey is the key under which the register has the node on the network, or
// the newest where it has none of them.
func hostKey(keys *crypto.Keys, reg *register.Register, oin exchange.OIN) ed25519.PrivateKey {
	return listedKey(keys, crypto.UsePeer, func(key ed25519.PublicKey) bool {
		if reg == nil {
			return false
		}
		p, ok := reg.Party(oin)
		return ok && p.Peer == crypto.PeerID(key)
	})
}

// witnessKey is the key by which the register knows the cosignatures of the node.
func (n *Node) witnessKey() ed25519.PrivateKey {
	reg := n.force.Load().register
	return listedKey(n.keys.Load(), crypto.UseWitness, func(key ed25519.PublicKey) bool {
		if reg == nil {
			return false
		}
		p, ok := reg.Party(n.id.OIN)
		return ok && p.Witness == ledger.CosignerKey(register.WitnessName(n.id.OIN), key)
	})
}

// signersOf are the signers of a ledger, the newest first.
func signersOf(origin string, keys *crypto.Keys) (all []note.Signer, err error) {
	for _, key := range keys.Of(crypto.UseCheckpoint) {
		s, err := ledger.NewSigner(origin, key)
		if err != nil {
			return nil, fmt.Errorf("checkpoint key: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// signers gives the checkpoint keys that the node has now, whichever of them its
// store was opened with: while there are two, a partner can check what he is given
// by the one that his register lists, and one that was destroyed signs no more.
func (n *Node) signers(opened note.Signer) func() []note.Signer {
	return func() []note.Signer {
		signers, err := signersOf(n.id.origin(), n.keys.Load())
		if err != nil {
			n.log.Error("the ledger is signed with the key that the node was started with", "error", err.Error())
			return []note.Signer{opened}
		}
		return signers
	}
}

// openOwn reads a checkpoint of the node's own ledger, signed with any key that it
// still has.
func (n *Node) openOwn(signed []byte) (c ledger.Checkpoint, err error) {
	for _, key := range n.keys.Load().Of(crypto.UseCheckpoint) {
		if c, err = ledger.OpenCheckpoint(signed, ledger.VerifierKey(n.id.origin(), publicHalf(key))); err == nil {
			return c, nil
		}
	}
	return c, err
}

func listedKey(keys *crypto.Keys, u crypto.Use, listed func(ed25519.PublicKey) bool) ed25519.PrivateKey {
	all := keys.Of(u)
	if i := slices.IndexFunc(all, func(key ed25519.PrivateKey) bool { return listed(publicHalf(key)) }); i >= 0 {
		return all[i]
	}
	return all[0]
}

func publicHalf(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

func kidOf(key ed25519.PrivateKey) string { return crypto.KeyID(publicHalf(key)) }

// Keys lists the keys of the node, by use, the newest of each first.
func (n *Node) Keys() []KeyHeld {
	return n.states(n.keys.Load())
}

// states adds to what keys and register tell how far the store is.
func (n *Node) states(keys *crypto.Keys) []KeyHeld {
	all := statesOf(keys, n.hardware.all(), n.force.Load().register, n.id, n.now())
	for i, k := range all {
		if k.Use == crypto.UseMaster {
			all[i].State = n.masterState(keys, k.Former)
		}
	}
	return all
}

func statesOf(keys *crypto.Keys, hardware []heldInHardware, reg *register.Register, id Identity, now time.Time) (all []KeyHeld) {
	signs := signsWith(keys, hardware, reg, id.OIN, now)
	held := keys.Held()
	for _, s := range hardware {
		held = append(held, crypto.Held{Use: crypto.UseSigning, ID: crypto.KeyID(s.public)})
	}
	for _, h := range held {
		k := KeyHeld{Held: h, State: KeyWaits}
		listed, live := listing(keys, reg, id, h, now)
		switch {
		case h.Use == crypto.UseSigning && reg != nil && revoked(reg, h.ID, now):
			k.State = KeyRevoked
		case h.Use == crypto.UseSigning && live && h.ID == signs:
			k.State = KeyInUse
		case h.Use == crypto.UseSigning && live && !h.Former:
			k.State = KeyWaits // until its date
		case live && h.Former && h.Use != crypto.UseSigning && h.Use != crypto.UseSealing:
			k.State = KeyInUse // the register has one, and this is it
		case live && h.Former:
			k.State = KeyOverlap
		case live:
			k.State = KeyInUse
		case h.Former:
			k.State = KeyOver
		case listed:
			k.State = KeyOver // a signing key that ended
		}
		if h.Use == crypto.UseSigning && reg != nil {
			if key, ok := reg.Key(h.ID); ok {
				k.Since = key.From
			}
		}
		all = append(all, k)
	}
	return all
}

func revoked(reg *register.Register, kid string, now time.Time) bool {
	key, ok := reg.Key(kid)
	return ok && key.RevokedAt(now)
}

// listing reports whether the register lists a key for the party, and whether it
// is, or will be, one to rely on.
func listing(keys *crypto.Keys, reg *register.Register, id Identity, h crypto.Held, now time.Time) (listed, live bool) {
	if reg == nil {
		return false, false
	}
	party, ok := reg.Party(id.OIN)
	if !ok {
		return false, false
	}
	switch h.Use {
	case crypto.UsePeer:
		listed = party.Peer == h.ID
	case crypto.UseSigning:
		key, ok := reg.Key(h.ID)
		listed = ok && key.OIN == id.OIN
		return listed, listed && !key.RevokedAt(now) && (key.Until.IsZero() || now.Before(key.Until))
	case crypto.UseSealing:
		listed = slices.ContainsFunc(reg.Recipients(id.OIN), func(r crypto.Recipient) bool { return crypto.RecipientID(r) == h.ID })
	default:
		for _, key := range keys.Of(h.Use) {
			if kidOf(key) == h.ID {
				listed = party.Checkpoint == ledger.VerifierKey(id.origin(), publicHalf(key)) ||
					party.Witness == ledger.CosignerKey(register.WitnessName(id.OIN), publicHalf(key))
			}
		}
	}
	return listed, listed
}

// RotateKey makes a new key for a use, and keeps the one before. Nothing uses
// it before the register lists it; a master key is taken up at once.
func (n *Node) RotateKey(ctx context.Context, u crypto.Use) (crypto.Held, error) {
	if u == crypto.UsePseudonym {
		return crypto.Held{}, fault(KeyStays)
	}
	if u != crypto.UseMaster && !slices.Contains(crypto.Uses[:], u) {
		return crypto.Held{}, fault(UnknownKey)
	}
	err := n.changeKeys(ctx, func(keys *crypto.Keys) (*crypto.Keys, error) {
		next, err := keys.Rotate(u)
		if errors.Is(err, crypto.ErrTooManyKeys) {
			return nil, fault(TooManyKeys)
		}
		return next, err
	})
	if err != nil {
		return crypto.Held{}, err
	}
	for _, h := range n.keys.Load().Held() {
		if h.Use == u {
			return h, nil
		}
	}
	return crypto.Held{}, fault(UnknownKey)
}

// RetireKey destroys a former key. It is refused while the register lists it,
// while anything is under it, and while the backup needs it.
func (n *Node) RetireKey(ctx context.Context, id string) error {
	err := n.changeKeys(ctx, func(keys *crypto.Keys) (*crypto.Keys, error) {
		all := n.states(keys)
		i := slices.IndexFunc(all, func(k KeyHeld) bool { return k.ID == id })
		if i < 0 {
			return nil, fault(UnknownKey)
		}
		k := all[i]
		if !k.Former || k.State != KeyOver && k.State != KeyRevoked || n.isInUse(keys, k) {
			return nil, fault(KeyNeeded)
		}
		needed, err := n.backupNeeds(k.Use, id)
		if err != nil {
			return nil, err
		}
		if needed {
			return nil, fault(BackupNeedsKey)
		}
		return keys.Retire(k.Use, id)
	})
	if err == nil && n.keys.Load().Former.Master.IsZero() {
		err = n.store.ForgetMaster()
	}
	return err
}

// isInUse reports whether the newest key of the use has not taken over yet: as
// long as the register has neither, the old one may be what partners know.
func (n *Node) isInUse(keys *crypto.Keys, k KeyHeld) bool {
	if k.Use == crypto.UseMaster {
		return false // its state says so
	}
	for _, h := range keys.Held() {
		if h.Use == k.Use && !h.Former {
			_, live := listing(keys, n.force.Load().register, n.id, h, n.now())
			return !live && k.State != KeyRevoked
		}
	}
	return true
}

// changeKeys replaces the keystore, and then says so in the ledger. It refuses
// when the file does not open any more with what the node was started with: what
// it then wrote would undo a change of the passphrase.
func (n *Node) changeKeys(ctx context.Context, change func(*crypto.Keys) (*crypto.Keys, error)) error {
	if n.store.Recovering() {
		return n.heldBack()
	}
	n.rotating.Lock()
	defer n.rotating.Unlock()
	release, err := lockDir(n.dir)
	if err != nil {
		return err
	}
	defer release()
	keys, err := openKeystore(n.dir, n.lock)
	if errors.Is(err, crypto.ErrWrongLock) {
		return fault(LockChanged)
	}
	if err != nil {
		return err
	}
	next, err := change(keys)
	if err != nil {
		return err
	}
	sealed, err := next.Seal(n.lock)
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(n.dir, keystoreFile), sealed, 0o600); err != nil {
		return err
	}
	// What is on the disk counts from here on, also where the entry has to wait. And
	// what the entry of a new checkpoint key is signed with has that key among it: a
	// store of which the old one is destroyed opens with the new one alone.
	n.keys.Store(next)
	n.hurryKeys()
	n.hurryMaster()
	return n.accountForKeys(ctx, next)
}

// accountForKeys writes the entries for what changed in the keystore since the ledger
// last said what is in it.
func (n *Node) accountForKeys(ctx context.Context, keys *crypto.Keys) error {
	for range maxOvertaken {
		before, was, err := n.accounted(keys)
		if err != nil {
			return err
		}
		after := heldOf(keys)
		var events []store.Event
		note := func(kind exchange.EventKind, k heldKey) error {
			part, err := json.Marshal(k)
			events = append(events, store.Event{Kind: string(kind), Message: ledger.Digest(sha256.Sum256([]byte(k.ID))), Private: part})
			return err
		}
		for _, k := range after.Keys {
			if !slices.Contains(before.Keys, k) {
				err = errors.Join(err, note(exchange.KeyMade, k))
			}
		}
		for _, k := range before.Keys {
			if !slices.Contains(after.Keys, k) {
				err = errors.Join(err, note(exchange.KeyDestroyed, k))
			}
		}
		if after.Relocked != before.Relocked {
			events = append(events, store.Event{Kind: string(exchange.LockChanged), Private: []byte("{}")})
		}
		if err != nil || len(events) == 0 {
			return err
		}
		row, err := json.Marshal(after)
		if err != nil {
			return err
		}
		_, err = n.store.Write(ctx, store.Change{
			Dossier: store.NodeDossier, Puts: []store.Record{{Table: tableKeys, Key: keysHeld, Value: row, Was: was}}, Record: events,
		})
		if !errors.Is(err, store.ErrOvertaken) {
			return err
		}
	}
	return fault(Busy)
}

// accounted is what the ledger knows of the keystore. A node whose keys never
// changed has no row: its first keys came with the entry that it was created.
func (n *Node) accounted(keys *crypto.Keys) (held storedHeld, was uint64, err error) {
	value, was, err := n.store.Get(tableKeys, keysHeld)
	if errors.Is(err, store.ErrNotFound) {
		first := heldOf(keys)
		for _, u := range append(crypto.Uses[:], crypto.UseMaster) {
			held.Keys = append(held.Keys, first.oldest(u))
		}
		return held, 0, nil
	}
	if err != nil {
		return storedHeld{}, 0, err
	}
	if err := json.Unmarshal(value, &held); err != nil {
		return storedHeld{}, 0, errors.New("what the ledger knows of the keys is stored in a form that this version cannot read")
	}
	// A row of before the master key was replaced for the first time does not tell of it.
	if (held.oldest(crypto.UseMaster) == heldKey{}) {
		held.Keys = append(held.Keys, heldOf(keys).oldest(crypto.UseMaster))
	}
	return held, was, nil
}

// oldest is the last key of a use, or none.
func (s storedHeld) oldest(u crypto.Use) (oldest heldKey) {
	for _, k := range s.Keys {
		if k.Use == u {
			oldest = k
		}
	}
	return oldest
}

func heldOf(keys *crypto.Keys) storedHeld {
	s := storedHeld{Relocked: keys.Relocked}
	for _, h := range keys.Held() {
		s.Keys = append(s.Keys, heldKey{h.Use, h.ID})
	}
	return s
}

// keepKeys is the duty that looks after keys: what a crash or a change of the
// passphrase left unsaid in the ledger is said, and the node takes the peer ID
// that the register gives it.
func (n *Node) keepKeys(ctx context.Context) time.Time {
	if n.store.Recovering() {
		return n.now().Add(recoverAgain)
	}
	n.rotating.Lock()
	defer n.rotating.Unlock()
	if err := n.accountForKeys(ctx, n.keys.Load()); err != nil && ctx.Err() == nil {
		n.log.Error("a change of keys could not be entered in the ledger; it will be tried again", "error", err.Error())
		return n.now().Add(keysAgain)
	}
	if err := n.moveHost(); err != nil && ctx.Err() == nil {
		n.log.Error("the node could not take its new peer ID; it will be tried again", "error", err.Error())
		return n.now().Add(keysAgain)
	}
	return n.now().Add(recoverLater)
}

const keysAgain = 10 * time.Second

func (n *Node) hurryKeys() {
	select {
	case n.rekey <- struct{}{}:
	default:
	}
}

// ChangeLock seals the keystore of a node with another passphrase or key file.
// The node may run: it has opened its keys already, and enters the change in its
// ledger when it is started again. After a crash the one or the other opens the
// keystore, never neither.
func ChangeLock(dir string, from, to crypto.Lock) error {
	if _, err := ReadIdentity(dir); err != nil {
		return err
	}
	release, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer release()
	keys, err := openKeystore(dir, from)
	if err != nil {
		return err
	}
	sealed, err := keys.Relock().Seal(to)
	if err != nil {
		return err
	}
	// What cannot be opened again must not take the place of what can.
	if _, err := crypto.OpenKeys(sealed, to); err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, keystoreFile), sealed, 0o600)
}

// entryOfKeys is the entry of a party for the register: its newest keys, and, as
// long as the register lists an older one and not the newest, both.
func entryOfKeys(keys *crypto.Keys, hardware []heldInHardware, reg *register.Register, id Identity, config Config, now time.Time) (register.Entry, error) {
	e, err := register.EntryOf(keys.Public(), id.origin(), id.Party, config.addresses(), id.Contact)
	if err != nil {
		return e, err
	}
	// Where the signing key is in hardware, that is the newest; one in the keystore
	// is there as long as the register has it and not yet that in hardware.
	inHardware := func(k register.Key) bool {
		return slices.ContainsFunc(hardware, func(s heldInHardware) bool { return crypto.KeyID(s.public) == k.JWK.Kid })
	}
	if len(hardware) > 0 {
		e.Keys = nil
		for _, s := range hardware {
			e.Keys = append(e.Keys, register.Key{JWK: crypto.PublicJWK(s.public)})
		}
	}
	if reg == nil {
		return e, nil
	}
	states := statesOf(keys, hardware, reg, id, now)
	known := func(u crypto.Use) bool {
		return slices.ContainsFunc(states, func(k KeyHeld) bool {
			_, live := listing(keys, reg, id, k.Held, now)
			if u == crypto.UseSigning && len(hardware) > 0 && !inHardware(register.Key{JWK: crypto.JWK{Kid: k.ID}}) {
				return false
			}
			return k.Use == u && !k.Former && live
		})
	}
	live := func(u crypto.Use, id string) bool {
		return slices.ContainsFunc(states, func(k KeyHeld) bool {
			return k.Use == u && k.ID == id && (k.State == KeyInUse || k.State == KeyOverlap)
		})
	}
	if !known(crypto.UseSigning) {
		for _, key := range keys.Of(crypto.UseSigning) {
			if slices.ContainsFunc(e.Keys, func(k register.Key) bool { return k.JWK.Kid == kidOf(key) }) {
				continue
			}
			if live(crypto.UseSigning, kidOf(key)) {
				e.Keys = append(e.Keys, register.Key{JWK: crypto.PublicJWK(publicHalf(key))})
			}
		}
	}
	if !known(crypto.UseSealing) {
		for _, former := range keys.Former.Sealing {
			if r := former.Recipient(); live(crypto.UseSealing, crypto.RecipientID(r)) {
				e.Recipients = append(e.Recipients, r.String())
			}
		}
	}
	return e, nil
}
