package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"

	"golang.org/x/term"

	"sluis/api"
	"sluis/crypto"
	"sluis/exchange"
	"sluis/peer"
	"sluis/register"
	"sluis/schemas"
	"sluis/store"
)

// The rules of the terminal:
//
//   - Answers go to stdout, everything else to stderr, after "sluis: ", in lower
//     case, without a full stop.
//   - What went wrong takes two lines: what, and what to do.
//   - --json prints one document; its members are the contract, text is not.
//   - Colour only for a terminal, and not when NO_COLOR is set.
//   - Nothing personal is printed but by the commands that say so.
//   - Secrets come from files, credentials or the keyboard; never from a flag
//     or the environment.

// The exit codes. They are part of the interface.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitRefused     = 4
	exitCheck       = 5
	exitUnreachable = 6
	exitPerson      = 7
	exitInterrupted = 130
)

// A terminal is the person or script on the other side of the program.
type terminal struct {
	in         io.Reader
	out        io.Writer
	complaints io.Writer
	dir        string
	json       bool
	nl         bool // in Dutch
	daemon     bool // the command runs until it is told to stop
}

func newTerminal(in io.Reader, out, complaints io.Writer) *terminal {
	dir := os.Getenv("SLUIS_DIR")
	if dir == "" {
		dir = "/var/lib/sluis"
	}
	return &terminal{in: in, out: out, complaints: complaints, dir: dir, nl: os.Getenv("SLUIS_LANG") == "nl"}
}

// pick chooses a sentence in the language of the person.
func (t *terminal) pick(nl, en string) string {
	if t.nl {
		return nl
	}
	return en
}

// name is what a catalogue calls something, in the language of the person.
func (t *terminal) name(s api.Sentence) string { return t.pick(s.NL, s.EN) }

// usageError is a mistake in how the program was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// checkError is a check that did not hold.
type checkError struct{ what, todo string }

func (e *checkError) Error() string { return e.what }

// print shows value: as JSON, or through text, which writes aligned columns.
func (t *terminal) print(value any, text func(w io.Writer)) error {
	if t.json {
		e := json.NewEncoder(escaped{t.out})
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	}
	w := tabwriter.NewWriter(printable{t.out}, 0, 8, 2, ' ', 0)
	text(plain{w})
	return w.Flush()
}

// plain keeps from the columns what they would take for their own: to them a
// vertical tab ends a cell and a form feed a line.
type plain struct{ w io.Writer }

func (p plain) Write(b []byte) (int, error) {
	_, err := io.WriteString(p.w, strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, string(b)))
	return len(b), err
}

// escaped writes JSON such that a terminal shows all of it: what does not print
// is escaped (RFC 8259, 7), which means the same.
type escaped struct{ w io.Writer }

func (e escaped) Write(b []byte) (int, error) {
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out.WriteRune(r)
		default:
			for _, u := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&out, "\\u%04x", u)
			}
		}
	}
	_, err := io.WriteString(e.w, out.String())
	return len(b), err
}

// printable shows what could steer a terminal or turn text around as a question
// mark: some of what is printed was written by others.
type printable struct{ w io.Writer }

func (p printable) Write(b []byte) (int, error) {
	_, err := io.WriteString(p.w, strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, string(b)))
	return len(b), err
}

// cell fits a text that somebody wrote into a table: its further lines stand
// under the first, so that none can be taken for a line of ours. Whatever a
// terminal or a table takes for the end of a line is one.
func cell(s string) string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n",
		"\t", " ").Replace(s), "\n")
	return strings.Join(lines, "\n\t")
}

// say tells a person what happened; it is no answer and scripts need not read it.
func (t *terminal) say(format string, args ...any) {
	line := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, fmt.Sprintf(format, args...))
	fmt.Fprintf(t.complaints, "sluis: %s\n", line)
}

// complain prints what went wrong and what to do, and returns the exit code.
func (t *terminal) complain(err error) int {
	if err == nil {
		return exitDone
	}
	var wrong *usageError
	var check *checkError
	switch {
	case errors.As(err, &wrong), strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"):
		t.say("%s", firstLine(err.Error()))
		t.say("%s", t.pick("zie sluis --help, of zet --help achter het commando", "see sluis --help, or --help after the command"))
		return exitUsage
	case errors.As(err, &check):
		t.say("%s", check.what)
		t.say("%s", check.todo)
		return exitCheck
	}
	var problem *api.Problem
	var down *api.Unreachable
	switch {
	case errors.As(err, &problem):
		t.say("%s (%s)", lower(problem.Title), problem.Code)
		for _, e := range problem.Errors {
			t.say("%s: %s", e.Field, lower(e.Message))
		}
		t.say("%s", lower(problem.Detail))
		return exitOf(problem.Code)
	case errors.As(err, &down) && errors.Is(err, fs.ErrPermission):
		t.say(t.pick("dit account mag de node op %s niet aanspreken", "this account may not talk to the node on %s"), down.Socket)
		t.say("%s", t.pick("gebruik root, of het account waaronder de node draait: sudo -u sluis sluis …", "use root, or the account that the node runs under: sudo -u sluis sluis …"))
		return exitUnreachable
	case errors.As(err, &down):
		t.say(t.pick("de node antwoordt niet op %s", "the node does not answer on %s"), down.Socket)
		t.say("%s", t.pick("start hem met sluis run, of noem zijn map met --dir", "start it with sluis run, or name its directory with --dir"))
		return exitUnreachable
	}
	code := codeOf(err)
	text, known := schemas.Text(code)
	if !known {
		return t.complainOf(err)
	}
	t.say("%s (%s)", lower(t.pick(text.NL.Title, text.EN.Title)), code)
	if detail := detailOf(err); detail != "" {
		t.say("%s", detail)
	}
	t.say("%s", lower(t.pick(text.NL.Advice, text.EN.Advice)))
	return text.Exit
}

// complainOf says what went wrong where no catalogue has words for it: with
// files, and with the store.
func (t *terminal) complainOf(err error) int {
	var inconsistent *store.Inconsistent
	var bad *store.BadBackup
	todo, exit := "nothing was changed; look at what is named and try again", exitFailed
	switch {
	case errors.As(err, &inconsistent):
		todo, exit = "keep the directory as it is, find out what changed that, and restore the backup (docs/keeping.md); a node whose ledger does not hold serves nobody", exitCheck
	case errors.As(err, &bad):
		todo, exit = "nothing was restored; take another copy of the backup, or leave out its last parts: docs/keeping.md", exitCheck
	case errors.Is(err, store.ErrInUse):
		todo = "a node runs in this directory already"
	case errors.Is(err, store.ErrMissing):
		todo, exit = "keep the directory as it is; put the store back where it was, or restore the backup: docs/keeping.md", exitCheck
	case errors.Is(err, fs.ErrNotExist) && t.daemon:
		todo, exit = "put this file back from a copy, or restore the backup: docs/keeping.md", exitNotFound
	case errors.Is(err, fs.ErrNotExist):
		todo, exit = "check the path", exitNotFound
	case errors.Is(err, fs.ErrExist):
		todo = "it is kept as it is; choose another path"
	case errors.Is(err, fs.ErrPermission):
		todo = "use the account that the node runs under; sluis doctor says when a file is of another"
	}
	t.say("%s", firstLine(err.Error()))
	t.say("%s", todo)
	return exit
}

// exitOf is the exit code of a problem: what the catalogue of texts says.
func exitOf(code string) int {
	if text, ok := schemas.Text(code); ok {
		return text.Exit
	}
	return exitFailed
}

// codeOf is the stable code of an error, or "".
func codeOf(err error) string {
	var refusal *exchange.Refusal
	var fault *peer.Fault
	var listed *register.Fault
	var newer *store.Newer
	switch {
	case errors.As(err, &refusal):
		return string(refusal.Code)
	case errors.As(err, &newer):
		return "store-newer"
	case errors.As(err, &fault):
		return fault.Code
	case errors.As(err, &listed):
		return listed.Code
	case errors.Is(err, crypto.ErrWrongLock):
		return "locked"
	case errors.Is(err, store.ErrDiskFull):
		return "disk-full"
	case errors.Is(err, store.ErrReadOnly):
		return "disk-read-only"
	case errors.Is(err, store.ErrStopped):
		return "stopped"
	}
	return ""
}

// detailOf is what an error adds to its code: versions, dates, codes of the
// catalogues, never anything personal.
func detailOf(err error) string {
	var refusal *exchange.Refusal
	var listed *register.Fault
	var newer *store.Newer
	switch {
	case errors.As(err, &newer):
		return fmt.Sprintf("storage version %d, this program knows %d", newer.Found, newer.Known)
	case errors.As(err, &refusal):
		var pairs []string
		for i := 0; i+1 < len(refusal.Params); i += 2 {
			pairs = append(pairs, refusal.Params[i]+" "+refusal.Params[i+1])
		}
		return strings.Join(pairs, ", ")
	case errors.As(err, &listed):
		return listed.Detail
	}
	return ""
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// lower fits a sentence of the catalogue into the terminal's style.
func lower(s string) string {
	s = strings.TrimSuffix(s, ".")
	// Of a word of one letter the next sign is a space: "A field", "U kunt".
	if len(s) > 1 && (s[1] == ' ' && s[0] != 'I' || s[1] >= 'a' && s[1] <= 'z') {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// A locksmith finds the lock of a keystore: flags, systemd credentials, or the
// keyboard, in this order.
type locksmith struct {
	passphraseFile string
	keyFile        string
}

func (l locksmith) lock(t *terminal, confirm bool) (crypto.Lock, error) {
	if l.passphraseFile != "" && l.keyFile != "" {
		return crypto.Lock{}, usage(errors.New("--passphrase-file and --key-file exclude each other"))
	}
	passphrase, key := l.passphraseFile, l.keyFile
	if credentials := os.Getenv("CREDENTIALS_DIRECTORY"); credentials != "" && passphrase == "" && key == "" {
		passphrase = existing(credentials + "/sluis-passphrase")
		key = existing(credentials + "/sluis-key")
	}
	switch {
	case key != "":
		contents, err := os.ReadFile(key)
		if err != nil {
			return crypto.Lock{}, err
		}
		return crypto.KeyFileLock(contents)
	case passphrase != "":
		contents, err := os.ReadFile(passphrase)
		if err != nil {
			return crypto.Lock{}, err
		}
		return passphraseLock(strings.TrimRight(string(contents), "\r\n"))
	}
	return t.askPassphrase(confirm)
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func passphraseLock(text string) (crypto.Lock, error) {
	if len(text) < 12 {
		return crypto.Lock{}, usage(errors.New("a passphrase has at least 12 characters"))
	}
	return crypto.PassphraseLock([]byte(text)), nil
}

func (t *terminal) askPassphrase(confirm bool) (crypto.Lock, error) {
	keyboard, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(keyboard.Fd())) {
		return crypto.Lock{}, usage(errors.New("the keystore needs --key-file or --passphrase-file, a systemd credential, or a terminal to ask on"))
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(t.complaints, prompt)
		text, err := term.ReadPassword(int(keyboard.Fd()))
		fmt.Fprintln(t.complaints)
		return string(text), err
	}
	first, err := ask("passphrase: ")
	if err != nil {
		return crypto.Lock{}, err
	}
	if confirm {
		second, err := ask("once more: ")
		if err != nil {
			return crypto.Lock{}, err
		}
		if first != second {
			return crypto.Lock{}, usage(errors.New("the two passphrases differ"))
		}
	}
	return passphraseLock(first)
}
