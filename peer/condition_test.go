package peer_test

import (
	"testing"
	"time"
)

// An administrator sees what waits for a party that is down, since when and why;
// what was delivered is not there.
func TestOutboxTells(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	college, debts := w.members[0], w.members[1]
	ctx := t.Context()
	if got, err := college.node.Outbox(ctx); err != nil || len(got) != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	debts.stop()
	begun := time.Now().Add(-time.Second)
	for range 2 {
		if _, err := ask(ctx, college.node, requester, question(t)); err != nil {
			t.Fatal(err)
		}
	}
	college.until("the outbox says why", func() bool {
		got, err := college.node.Outbox(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Count != 2 || got[0].To.OIN != debtHelp.OIN {
			t.Fatalf("%+v", got)
		}
		q := got[0]
		return q.Tries > 0 && q.Code == "unreachable" && q.Oldest.After(begun) && q.Oldest.Before(time.Now()) && q.Ends.After(time.Now())
	})
	debts.start()
	college.settle()
	if got, err := college.node.Outbox(ctx); err != nil || len(got) != 0 {
		t.Errorf("delivered, and still there: %+v, %v", got, err)
	}
}

// A backup is late where there is none, and when the next one did not come.
func TestBackupsTell(t *testing.T) {
	w := newWorld(t, municipality)
	college := w.members[0]
	if b, err := college.node.Backups(); err != nil || b.Dir != "" || !b.Late(time.Now()) {
		t.Errorf("without a directory: %+v, %v", b, err)
	}
	disk, err := college.node.Disk()
	if err != nil || disk.Used < 1000 || disk.Free < 1000 || disk.Format == "" {
		t.Errorf("the disk: %+v, %v", disk, err)
	}
	dir := t.TempDir()
	college = newWorldWith(t, "[backup]\ndir = \""+dir+"\"\n", municipality).members[0]
	if b, err := college.node.Backups(); err != nil || b.Dir != dir || b.Part != 0 || !b.Late(time.Now()) {
		t.Errorf("before the first: %+v, %v", b, err)
	}
	if _, err := college.node.Backup(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := college.node.Backups()
	if err != nil || b.Part != 1 || time.Since(b.Last) > time.Minute || b.Bytes < 1000 || !b.Next.After(time.Now()) || b.Late(time.Now()) {
		t.Errorf("after the first: %+v, %v", b, err)
	}
	if !b.Late(b.Next.Add(25 * time.Hour)) {
		t.Error("two days later it is not late")
	}
}
