package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// A backup is a directory, of which a copy elsewhere and the passphrase or key
// file are all that it takes to restore the node:
//
//	identity.json, sluis.toml, root.json, keystore.age, register/, destroyed.txt
//	                   as in the directory of the node; nothing in them is
//	                   personal, and the keystore is sealed
//	000001.sluis ...   parts of the store (store.Backup), in their order, each
//	                   sealed to the node's own sealing key
//	chain.json         what the next part adds to
//
//	before-upgrade/    see [beforeDir]
//
// A whole part begins a new chain; the parts before it are removed once it is
// there, since what was destroyed since must not live on in them.
const (
	chainFile  = "chain.json"
	partSuffix = ".sluis"
)

// chain is what a backup directory knows of its last part.
type chain struct {
	Part  int               `json:"part"`  // number of the last part
	First int               `json:"first"` // number of the whole part that it leads back to
	Point store.BackupPoint `json:"point"`
	Whole time.Time         `json:"whole"` // when that was made
	// Key is the crypto.RecipientID of what all parts are sealed to; "" in a backup
	// of a version that did not say so.
	Key string `json:"key,omitempty"`
	// Checkpoint is the ID of the newest key that signed all parts; "" as above.
	Checkpoint string `json:"checkpoint,omitempty"`
	// Master is the ID of the oldest master key that something in the parts may be
	// under; "" as above.
	Master string `json:"master,omitempty"`
	// Ledger is the name of the ledger that the parts are of; "" in a chain of
	// before it was kept, which is of the first.
	Ledger string `json:"ledger,omitempty"`
}

// isOf reports whether the parts are of the ledger that a node writes now.
func (c chain) isOf(id Identity) bool {
	return c.Ledger == id.origin() || c.Ledger == "" && id.Ledger < 2
}

// restsOn reports whether the parts rest on the same keys as those of another chain.
func (c chain) restsOn(other chain) bool {
	return c.Key == other.Key && c.Checkpoint == other.Checkpoint && c.Master == other.Master
}

func (c chain) part(n int) string { return fmt.Sprintf("%06d%s", n, partSuffix) }

// A BackupMade is a backup that was made.
type BackupMade struct {
	Part    int
	Whole   bool
	Entries uint64
}

// Backup adds a part to the backup, or makes a whole one when there is none,
// when the last one was made before an upgrade of what is stored or before a key
// that all parts rest on was replaced, when the last whole one is older than the
// configuration wants, or when the ledger has another name since: a restore takes
// parts of one ledger only. It fails with [BackupOther] and changes nothing where the
// backup of another organisation is, and with [BackupFailed] where the directory can't
// be used; the log says why.
func (n *Node) Backup(ctx context.Context) (BackupMade, error) {
	made, err := n.backup(ctx)
	if isOfFiles(err) {
		n.log.Error("no backup was made", "error", err.Error())
		err = fault(BackupFailed)
	}
	return made, err
}

// isOfOther reports whether the backup in dir is of another organisation than id.
func isOfOther(dir string, id Identity) bool {
	there, err := ReadIdentity(dir)
	return err == nil && there.OIN != id.OIN
}

// isOfFiles reports whether an error is of the files of the backup, and not of the
// node.
func isOfFiles(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link) || errors.Is(err, errChain)
}

func (n *Node) backup(ctx context.Context) (BackupMade, error) {
	dir := n.config.Backup.Dir
	if dir == "" {
		return BackupMade{}, fault(NoBackup)
	}
	n.backing.Lock()
	defer n.backing.Unlock()
	if isOfOther(dir, n.id) {
		return BackupMade{}, fault(BackupOther)
	}
	if err := os.MkdirAll(filepath.Join(dir, registerDir), 0o700); err != nil {
		return BackupMade{}, err
	}
	before, err := readChain(dir)
	if err != nil {
		return BackupMade{}, err
	}
	made := BackupMade{Part: before.Part + 1}
	keys := n.keys.Load()
	sealing := keys.Sealing.Recipient()
	after := chain{
		Part: made.Part, First: before.First, Whole: before.Whole, Key: crypto.RecipientID(sealing), Checkpoint: kidOf(keys.Checkpoint), Ledger: n.id.origin(),
	}
	if after.Master, err = n.oldestMaster(keys); err != nil {
		return BackupMade{}, err
	}
	since := before.Point
	// What the backup has, and the node has not, was lost here: the backup is where it
	// still is, so nothing is added to it and nothing of it is removed.
	if before.isOf(n.id) {
		if err := n.store.Continues(since); errors.Is(err, store.ErrOtherHistory) {
			return BackupMade{}, fault(BackupAhead)
		} else if err != nil {
			return BackupMade{}, err
		}
	}
	if since.ID != "" && !n.store.AddsTo(since) { // an upgrade lies in between
		if err := n.keepBefore(before); err != nil {
			return BackupMade{}, err
		}
	}
	if !n.store.AddsTo(since) || !before.restsOn(after) || !before.isOf(n.id) || n.now().Sub(before.Whole) >= time.Duration(n.config.Backup.WholeEvery) {
		made.Whole, since = true, store.BackupPoint{}
		after.First, after.Whole = after.Part, n.now().UTC()
	}
	if after.Point, err = n.writePart(ctx, filepath.Join(dir, after.part(after.Part)), sealing, since); err != nil {
		return BackupMade{}, err
	}
	// What is beside the store comes after it: a register that is installed
	// meanwhile may be missing in the part, and not the other way around.
	if err := n.copyOpen(dir); err != nil {
		return BackupMade{}, err
	}
	if err := writeChain(dir, after); err != nil {
		return BackupMade{}, err
	}
	if err := n.dropParts(after); err != nil {
		return BackupMade{}, err
	}
	made.Entries = after.Point.Size
	kind := "adds"
	if made.Whole {
		kind = "whole"
	}
	entry, err := n.entryOf(ctx, exchange.Event{Kind: exchange.BackupMade, At: n.now(), Detail: exchange.Detail{Code: kind, Count: made.Part}}, wire.Digest{})
	if err != nil {
		return BackupMade{}, err
	}
	_, err = n.store.Write(ctx, store.Change{Dossier: store.NodeDossier, Record: []store.Event{entry}})
	return made, err
}

// writePart writes a part under its own name only when it is whole.
func (n *Node) writePart(ctx context.Context, path string, to crypto.Recipient, since store.BackupPoint) (point store.BackupPoint, err error) {
	partial := path + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return point, err
	}
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return point, err
	}
	sealed, err := crypto.SealStream(f, to)
	if err == nil {
		point, err = n.store.Backup(ctx, sealed, since)
		if err == nil {
			err = sealed.Close()
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return point, errors.Join(err, os.Remove(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return point, err
	}
	return point, durable.SyncDir(filepath.Dir(path))
}

// copyOpen copies what is beside the store.
func (n *Node) copyOpen(dir string) error {
	names := []string{identityFile, configFile, rootFile, keystoreFile}
	registers, err := os.ReadDir(filepath.Join(n.dir, registerDir))
	if err != nil {
		return err
	}
	for _, r := range registers {
		if strings.HasSuffix(r.Name(), ".json") {
			names = append(names, filepath.Join(registerDir, r.Name()))
		}
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(n.dir, name))
		if err != nil {
			return err
		}
		if err := durable.Replace(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return n.listDestroyed()
}

// backupNeeds reports whether the backup can't be opened or proved without a key. A
// backup that does not say on which keys it rests may need any.
func (n *Node) backupNeeds(u crypto.Use, id string) (bool, error) {
	if n.config.Backup.Dir == "" {
		return false, nil
	}
	n.backing.Lock()
	defer n.backing.Unlock()
	c, err := readChain(n.config.Backup.Dir)
	if err != nil || c.Part == 0 {
		return false, err
	}
	var rests string
	switch u {
	case crypto.UseSealing:
		rests = c.Key
	case crypto.UseCheckpoint:
		rests = c.Checkpoint
	case crypto.UseMaster:
		rests = c.Master
	default:
		return false, nil
	}
	return rests == "" || rests == id, nil
}

func readChain(dir string) (c chain, err error) {
	text, err := os.ReadFile(filepath.Join(dir, chainFile))
	if errors.Is(err, fs.ErrNotExist) {
		return chain{}, nil
	}
	if err != nil {
		return chain{}, err
	}
	if json.Unmarshal(text, &c) != nil || c.Part < 1 || c.First < 1 || c.First > c.Part {
		return chain{}, errChain
	}
	return c, nil
}

var errChain = errors.New(chainFile + " is not in the form that it was written in; begin a backup in an empty directory")

func writeChain(dir string, c chain) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(dir, chainFile), text, 0o600)
}

// dropParts removes the parts before the whole one that a chain begins with. Those of
// the backup from before an upgrade go to the rest of it.
func (n *Node) dropParts(c chain) error {
	dir := n.config.Backup.Dir
	before, err := readChain(filepath.Join(dir, beforeDir))
	if err != nil {
		return err
	}
	if !n.isKept(before) {
		if err := n.dropBefore(); err != nil {
			return err
		}
		before = chain{}
	}
	parts, err := filepath.Glob(filepath.Join(dir, "*"+partSuffix))
	if err != nil {
		return err
	}
	for _, path := range parts {
		name := filepath.Base(path)
		switch {
		case name >= c.part(c.First):
		case before.Part > 0 && name >= before.part(before.First) && name <= before.part(before.Part):
			if err := os.Rename(path, filepath.Join(dir, beforeDir, name)); err != nil {
				return err
			}
		default:
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// backupDaily is the duty of making backups. After a failure it comes back
// sooner.
func (n *Node) backupDaily(ctx context.Context) time.Time {
	wait := time.Duration(n.config.Backup.Every)
	if err := n.endBefore(); err != nil {
		n.log.Error("the backup from before an upgrade was not removed; it will be tried again", "error", err.Error())
	}
	if n.store.Recovering() {
		return n.now().Add(recoverAgain)
	}
	made, err := n.backup(ctx)
	switch {
	case errors.Is(err, &Fault{Code: NoBackup}), ctx.Err() != nil:
	case err != nil:
		n.log.Error("no backup was made; it will be tried again", "error", err.Error())
		wait = min(wait, backupAgain)
	default:
		n.log.Info("backup made", "part", made.Part, "whole", made.Whole, "entries", made.Entries)
	}
	return n.now().Add(wait)
}

const backupAgain = 10 * time.Minute

// Restore makes a node in dir of a backup. The node comes up waiting: its
// partners are asked whether they have seen more of its ledger. destroyed adds
// dossiers to those that the backup itself knows to be destroyed, one name a
// line, as destroyed.txt of the lost node had it.
func Restore(dir, from string, destroyed []byte, o Options) (r store.Restored, err error) {
	c, err := readChain(from)
	if err != nil {
		return store.Restored{}, err
	}
	if c.Part == 0 {
		return store.Restored{}, fault(NoBackup)
	}
	id, err := ReadIdentity(from)
	if err != nil {
		return store.Restored{}, err
	}
	config, err := ReadConfig(filepath.Join(from, configFile))
	if err != nil {
		return store.Restored{}, err
	}
	keys, err := openKeystore(from, o.Lock)
	if err != nil {
		return store.Restored{}, err
	}
	if err := emptyDir(dir); err != nil {
		return store.Restored{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clear(dir), os.RemoveAll(filepath.Join(dir, destroyedFile)))
		}
	}()
	names, err := restoreOpen(dir, from, destroyed)
	if err != nil {
		return store.Restored{}, err
	}
	so, err := storeOptions(id, config, keys, o)
	if err != nil {
		return store.Restored{}, err
	}
	var parts []io.Reader
	for number := c.First; number <= c.Part; number++ {
		f, err := os.Open(filepath.Join(from, c.part(number)))
		if err != nil {
			what := "can't be read"
			if errors.Is(err, fs.ErrNotExist) {
				what = "is missing"
			}
			return store.Restored{}, &store.BadBackup{Part: number, What: what}
		}
		defer f.Close()
		opened, err := crypto.OpenStream(f, keys.Identities()...)
		if err != nil {
			return store.Restored{}, &store.BadBackup{Part: number, What: "is damaged, or sealed to another key"}
		}
		parts = append(parts, opened)
	}
	r, err = store.Restore(filepath.Join(dir, storeDir), so, parts, names)
	if bad := (*store.BadBackup)(nil); errors.As(err, &bad) {
		bad.Part += c.First - 1 // as the files are numbered
	}
	return r, err
}

// restoreOpen copies what is beside the store, and returns the names of what was
// destroyed.
func restoreOpen(dir, from string, destroyed []byte) ([]string, error) {
	if err := os.Mkdir(filepath.Join(dir, registerDir), 0o700); err != nil {
		return nil, err
	}
	files := []string{identityFile, configFile, rootFile, keystoreFile}
	registers, err := os.ReadDir(filepath.Join(from, registerDir))
	if err != nil {
		return nil, err
	}
	for _, r := range registers {
		files = append(files, filepath.Join(registerDir, r.Name()))
	}
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return nil, err
		}
		if err := durable.Create(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	known, err := os.ReadFile(filepath.Join(from, destroyedFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for name := range strings.Lines(string(known) + "\n" + string(destroyed)) {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}
