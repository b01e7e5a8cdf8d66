package peer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sluis/crypto"
	"sluis/durable"
)

// After an upgrade of what is stored the backup begins anew, and the program from
// before it reads no part of the new one. The parts from before are the only way back,
// so they are kept: in a directory of their own within that of the backup, which is a
// whole backup for [Restore].
//
// They are kept as long as they would have been without the upgrade, and no longer:
// until the next whole one would have been made. In them lives what was destroyed
// since (I8), and an upgrade is no reason to keep that for a day more. They go sooner
// when a key that they rest on was replaced, since it would live on in them, or the
// ledger has another name.
const beforeDir = "before-upgrade"

// A BackupBefore is the backup from before an upgrade.
type BackupBefore struct {
	Dir   string
	Until time.Time // when it is removed
}

// backupBefore looks whether there is one.
func backupBefore(config Backup) (b BackupBefore, ok bool, err error) {
	if config.Dir == "" {
		return b, false, nil
	}
	dir := filepath.Join(config.Dir, beforeDir)
	c, err := readChain(dir)
	if err != nil || c.Part == 0 {
		return b, false, err
	}
	return BackupBefore{Dir: dir, Until: c.Whole.Add(time.Duration(config.WholeEvery))}, true, nil
}

// isKept reports whether the parts of a chain are kept beside those that follow.
func (n *Node) isKept(c chain) bool {
	keys := n.keys.Load()
	return c.Part > 0 && c.isOf(n.id) && c.Key == crypto.RecipientID(keys.Sealing.Recipient()) &&
		(c.Checkpoint == "" || c.Checkpoint == kidOf(keys.Checkpoint)) && (c.Master == "" || c.Master == crypto.MasterID(keys.Master)) &&
		n.now().Sub(c.Whole) < time.Duration(n.config.Backup.WholeEvery)
}

// keepBefore makes the directory with all of a backup but its parts. They follow when
// those of the next chain are there ([Node.dropParts]); a crash in between leaves them
// where they were, and all of it is done again.
func (n *Node) keepBefore(c chain) error {
	dir := n.config.Backup.Dir
	// A program that did not write down on which keys its backup rests could not replace
	// them.
	keys := n.keys.Load()
	if c.Key == "" && len(keys.Identities()) == 1 {
		c.Key = crypto.RecipientID(keys.Sealing.Recipient())
	}
	if c.Checkpoint == "" {
		c.Checkpoint = kidOf(keys.Checkpoint)
	}
	if c.Master == "" && keys.Former.Master.IsZero() {
		c.Master = crypto.MasterID(keys.Master)
	}
	if !n.isKept(c) {
		return nil
	}
	next := filepath.Join(dir, beforeDir+".next")
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := os.Mkdir(next, 0o700); err != nil {
		return err
	}
	if _, err := restoreOpen(next, dir, nil); err != nil {
		return err
	}
	if err := writeChain(next, c); err != nil {
		return err
	}
	if err := n.dropBefore(); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(dir, beforeDir)); err != nil {
		return err
	}
	b, _, err := backupBefore(n.config.Backup)
	if err == nil {
		n.log.Warn("the backup begins anew after the upgrade; the one from before it is kept", "dir", b.Dir, "until", b.Until)
	}
	return errors.Join(err, durable.SyncDir(dir))
}

// dropBefore removes the backup from before an upgrade.
func (n *Node) dropBefore() error {
	dir := filepath.Join(n.config.Backup.Dir, beforeDir)
	// First that by which it is one: what is left of it after a crash is nobody's
	// backup, and goes the next time.
	if err := os.Remove(filepath.Join(dir, chainFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// endBefore removes the backup from before an upgrade when its time is over.
func (n *Node) endBefore() error {
	if n.config.Backup.Dir == "" {
		return nil
	}
	n.backing.Lock()
	defer n.backing.Unlock()
	c, err := readChain(filepath.Join(n.config.Backup.Dir, beforeDir))
	if err != nil || n.isKept(c) {
		return err
	}
	return n.dropBefore()
}
