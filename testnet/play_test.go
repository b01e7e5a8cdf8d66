package testnet

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/schemas"
)

// start runs a network of the named members, or all, in a fresh directory.
// When the test ends, whatever it did, every ledger must still verify and
// nothing of the stories that were played may stand on disk in clear.
func start(t *testing.T, c Config) (*Net, *Player) {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	n, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	law, err := exchange.ParseLaw(schemas.Catalogues())
	if err != nil {
		t.Fatal(err)
	}
	return n, &Player{Net: n, Catalogue: law, Patience: 30 * time.Second}
}

// Every story that comes with the program, on one network; then the ledgers;
// then the disk.
func TestScenarios(t *testing.T) {
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	var c Config
	w := watch(t, &c)
	n, player := start(t, c)
	var secrets []string
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			var told strings.Builder
			player.Tell = Story(&told, false, 100)
			if err := player.Play(t.Context(), s); err != nil {
				t.Fatalf("%v\n%s", err, told.String())
			}
			if !strings.Contains(told.String(), s.Title) || !strings.Contains(told.String(), "(entry ") {
				t.Errorf("the story that was told lacks its title or a proof:\n%s", told.String())
			}
		})
		secrets = append(secrets, s.Secrets()...)
	}
	proved := 0
	err = n.Verify(t.Context(), func(told Told) {
		if told.What == ToldProved {
			proved++
		}
	})
	if err != nil || proved != len(n.Parties()) {
		t.Errorf("%d of %d ledgers verify: %v", proved, len(n.Parties()), err)
	}
	secrets = append(secrets, staffNames(Members())...)
	w.search(n, secrets, nil)
	inspectStories(t, n, secrets)
	searchDisk(t, n, secrets)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	searchDisk(t, n, secrets)
}

// searchDisk finds nothing, and finds what is planted, so that finding nothing
// means something.
func searchDisk(t *testing.T, n *Net, secrets []string) {
	t.Helper()
	found, err := SearchTraces(n.config.Dir, secrets)
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range found {
		t.Errorf("secret %d of the stories stands in %s at %d, %s", trace.Needle, trace.Where, trace.Offset, trace.Form)
	}
	planted := filepath.Join(n.config.Dir, "planted")
	if err := os.WriteFile(planted, []byte("x"+secrets[len(secrets)-1]), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err = SearchTraces(n.config.Dir, secrets)
	if err != nil || len(found) == 0 {
		t.Errorf("what was planted was not found: %v", err)
	}
	if err := os.Remove(planted); err != nil {
		t.Fatal(err)
	}
}

// A story with a wrong expectation fails, and says where, what was expected
// and what was the case.
func TestWrongExpectationFails(t *testing.T) {
	n, player := start(t, Config{Members: Members("municipality", "housing")})
	player.Patience = 3 * time.Second
	good, err := Scenarios("2-housing-by-name")
	if err != nil {
		t.Fatal(err)
	}
	text, err := scenarioFiles.ReadFile("scenarios/" + good[0].Name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"another phase", "then municipality sees answered", "then municipality sees refused", "it sees answered"},
		{"a phase that does not come", "then housing sees weighing", "then housing sees answered", "it sees weighing after 3s"},
		{"another count", "has 2 from", "has 1 from", "it has 2"},
		{"another text", "that \"Yes, there", "that \"No, there", "it reads something else"},
		{"another code", "with weighing-incomplete", "with weighing-stops", "it was refused with weighing-incomplete"},
		{"no refusal", "supply    investigation-taken-up that \"Yes, the investigation begins\"\nthen it", "withhold  investigation-taken-up on criteria-not-met\nthen it", "it was allowed"},
		{"another way to name", "then housing is asked by name", "then housing is asked by bsn", "it was told otherwise"},
		{"a refusal that nobody expects", "then it is refused with weighing-incomplete\n", "", "weighing-incomplete"},
		{"something that was heard", "then both", "then housing has heard nothing\nthen both", "and held"},
		{"a withheld item that came", "then both", "then municipality does not get ITEM\nthen both", "it got the item"},
		{"a condition that is not there", "then both", "then municipality is bound by ask-first\nthen both", "are: none"},
		{"an entry that is not there", "then both", "then the ledger of housing holds withdrawal-received\nthen both", "it holds: request-received"},
		{"an entry that is there", "then both", "then the ledger of housing holds no request-received\nthen both", "it holds: request-received"},
		{"another regime", "party housing regime none", "party housing regime wpg", "its regime is none, not wpg"},
		{"another right to the BSN", "regime none bsn no", "regime none bsn yes", "whether it may process the BSN"},
		{"a party that is not there", "party housing", "party police\nparty housing", "there is no such party"},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := good[0].Steps[len(good[0].Steps)-2].Act
			if reads, ok := last.(Reads); ok {
				c.new = strings.ReplaceAll(c.new, "ITEM", reads.Item)
			}
			changed := strings.Replace(string(text), c.old, c.new, 1)
			if changed == string(text) {
				t.Fatalf("the story does not hold %q", c.old)
			}
			s, err := Parse(good[0].Name, []byte(changed))
			if err != nil {
				t.Fatal(err)
			}
			var told strings.Builder
			player.Tell = Story(&told, false, 100)
			err = player.Play(t.Context(), s)
			var failure *Failure
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), c.want) || failure.Line == 0 {
				t.Fatalf("error %v, want a failure with a line and %q", err, c.want)
			}
		})
	}
	if err := n.Verify(t.Context(), func(Told) {}); err != nil {
		t.Errorf("after failed stories: %v", err)
	}
}

// Nothing of a story passes in clear between two nodes.
func TestNothingInClearOnTheWire(t *testing.T) {
	line := newTap(t)
	_, player := start(t, Config{Members: Members("municipality", "probation"), Announce: line.announce})
	all, err := Scenarios("1-probation-asks-first")
	if err != nil {
		t.Fatal(err)
	}
	if err := player.Play(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	secrets := all[0].Secrets()
	total, found := line.search(secrets)
	if total < 10_000 {
		t.Errorf("only %d bytes passed the tap; the nodes found another way", total)
	}
	for _, trace := range found {
		t.Errorf("secret %d passed in clear: %s at %d, %s", trace.Needle, trace.Where, trace.Offset, trace.Form)
	}

	// The tap itself must see what is not sealed.
	conn, err := net.Dial("tcp4", line.listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("to whom it may concern: " + secrets[0])); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, found := line.search(secrets); len(found) > 0 {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal("a name that was sent in clear was not found in the recording")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// In a directory with a long name the sockets lie elsewhere, and go when the
// network stops.
func TestLongDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	n, player := start(t, Config{Dir: dir, Members: Members("municipality", "police", "school")})
	all, err := Scenarios("3-police-refuse")
	if err != nil {
		t.Fatal(err)
	}
	if err := player.Play(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(n.Dir("police"), api.SocketName)
	path, err := os.Readlink(link)
	if err != nil || len(path) > longestSocket {
		t.Fatalf("the link to the socket: %v, %d bytes", err, len(path))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is not for its owner alone: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{link, path, filepath.Dir(path)} {
		if _, err := os.Lstat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}

// A demonstration that was kept is a network that can be started again.
func TestDemoIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "network")
	told := map[What]int{}
	demo := Demo{Dir: dir, Scenarios: []string{"6-client-says-no"}, Tell: func(one Told) { told[one.What]++ }}
	if err := demo.Play(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Both ledgers of the story, the story, every ledger, the disk.
	if want := 3 + len(Members()); told[ToldProved] != want || told[ToldFailed] != 0 || told[ToldRefused] != 2 || told[ToldScenario] != 1 {
		t.Errorf("told %v, want %d proofs, one story, two refusals", told, want)
	}
	n, _ := start(t, Config{Dir: dir})
	if err := n.Verify(t.Context(), func(Told) {}); err != nil {
		t.Error(err)
	}
	if err := demo.search(dir, []Scenario{{Steps: []Step{{Act: Ask{Because: "basisschool De Regenboog"}}}}}); err == nil {
		t.Error("the search of the disk does not find the name of an organisation, which stands there in clear")
	}
}

// A directory that holds something else is left alone.
func TestStartRefusesStrangeDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "empty directory") {
		t.Errorf("start in a directory that holds a letter: %v", err)
	}
	if err := (Demo{Dir: dir, Tell: func(Told) {}}).Play(t.Context()); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a demonstration in a directory that holds a letter: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory was changed: %d entries, %v", len(entries), err)
	}
}

// A network comes back as it was, on the same ports, and refuses to start when
// a byte of a ledger was changed meanwhile.
func TestRestartAndTampering(t *testing.T) {
	dir := t.TempDir()
	n, player := start(t, Config{Dir: dir, Members: Members("municipality", "housing")})
	all, err := Scenarios("2-housing-by-name")
	if err != nil {
		t.Fatal(err)
	}
	if err := player.Play(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	if err := n.Stop("housing"); err != nil {
		t.Fatal(err)
	}
	if err := n.Restart(t.Context(), "housing"); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n, player = start(t, Config{Dir: dir})
	if err := player.Play(t.Context(), all[0]); err != nil {
		t.Fatalf("on a network that was started again: %v", err)
	}
	if err := n.Stop("housing"); err != nil {
		t.Fatal(err)
	}

	changed := 0
	err = filepath.WalkDir(filepath.Join(n.Dir("housing"), "store"), func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sst" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 {
			return err
		}
		changed++
		text[len(text)/3] ^= 1
		return os.WriteFile(path, text, 0o600)
	})
	if err != nil || changed == 0 {
		t.Fatalf("changed %d tables: %v", changed, err)
	}
	if err := n.Restart(t.Context(), "housing"); err == nil {
		t.Fatal("a node started on a store in which a byte was changed")
	}
	if n.Running("housing") {
		t.Error("a node that refused to start counts as running")
	}
}
