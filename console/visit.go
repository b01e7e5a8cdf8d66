package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"sluis/console/signin"
	"sluis/exchange"
	"sluis/peer"
	"sluis/schemas"
)

// maxForm bounds what a form can hold, in bytes.
const maxForm = 1 << 20

// A visit is one request of one browser.
type visit struct {
	c    *Console
	w    http.ResponseWriter
	r    *http.Request
	lang string
	// Of who is signed in; zero otherwise.
	signed  signin.Session
	session session
	actor   exchange.Actor
	// refilled says that the form holds what was sent before the session ended.
	refilled bool
}

// A session is what somebody works as, in one browser.
type session struct {
	actor exchange.ActorID
	hat   exchange.CapacityCode
	role  exchange.Role
}

// mark tells one person in one role and capacity from another, in the forms of his
// pages. It is no secret: it is there for who has two tabs open, and changed in one
// of them who he works as.
func (s session) mark() string {
	sum := sha256.Sum256([]byte(string(s.actor) + "\n" + string(s.role) + "\n" + string(s.hat)))
	return hex.EncodeToString(sum[:6])
}

// asField is the field of every form with the mark of whom it was made for.
const asField = "als"

var (
	errOther   = errors.New("a form of another role or person")
	errNoPage  = errors.New("no such page")
	errRole    = errors.New("not in this role")
	errTooLong = errors.New("too much in one form")
)

func (c *Console) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{c: c, w: w, r: r, lang: "nl"}
	if l, err := r.Cookie("taal"); err == nil && slices.Contains(languages, l.Value) {
		v.lang = l.Value
	}
	return v
}

// who acts, for the doors of package peer.
func (v *visit) who() peer.Who { return peer.Who{ID: v.session.actor, Hat: v.session.hat} }

// serve lets a page answer, to whoever may see it.
func (v *visit) serve(roles []exchange.Role, do func(*visit) error) error {
	// What is more than a form is read by its own page, of somebody who may send it.
	upload := v.r.Pattern == uploadPattern && strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data")
	if v.r.Method == http.MethodPost && !upload {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	}
	if err := v.r.ParseForm(); err != nil {
		return errTooLong
	}
	err := v.enter()
	out := errors.Is(err, &signin.Fault{Code: signin.NotSignedIn})
	switch {
	case err != nil && !out:
		return err
	case roles == nil:
		return do(v)
	case out:
		v.park()
		return v.redirect(signin.SignInPath)
	case !slices.Contains(roles, v.session.role):
		return errRole
	case v.r.Method == http.MethodPost && v.r.PostForm.Has(asField) && v.field(asField) != v.session.mark():
		return errOther
	}
	v.r.PostForm.Del(asField)
	v.r.Form.Del(asField)
	if upload {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxUpload)
	}
	if v.r.Method == http.MethodGet {
		if form := v.c.between.take(v.session, v.r.URL.Path); form != nil {
			v.r.Form, v.r.PostForm, v.refilled = form, form, true
		}
	}
	return do(v)
}

// enter finds who is signed in. A page that looks by itself does not keep a
// session alive.
func (v *visit) enter() error {
	s, err := v.c.door.Session(v.r, !v.watching())
	if err != nil {
		return err
	}
	v.signed, v.actor = s, s.Actor
	v.session = session{actor: s.Actor.ID, hat: s.Actor.Hat, role: s.Role}
	return nil
}

// watching reports whether the page asks by itself, and no person does anything.
func (v *visit) watching() bool { return v.r.URL.Path == "/live" || v.r.Header.Get("Sluis-Live") != "" }

// park keeps a form that came in after the session had ended, for the same
// person: nothing that he wrote is lost.
func (v *visit) park() {
	who, wore, ok := v.c.door.Lapsed(v.r)
	if !ok || v.watching() {
		return
	}
	late := lateForm{path: v.c.pageOf(v.r.URL.Path), role: wore.Role, hat: wore.Capacity}
	if len(v.r.PostForm) > 0 { // files are not kept
		late.values = v.r.PostForm
		late.values.Del(asField)
	}
	v.c.between.keep(who, late)
}

// pageOf is the page on which a form stands: that of its own path, or one above.
func (c *Console) pageOf(at string) string {
	for at != "/" {
		if _, pattern := c.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: at}}); strings.HasPrefix(pattern, http.MethodGet) {
			return at
		}
		at = path.Dir(at)
	}
	return at
}

// redirect sends the browser on with a GET.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// say leaves a message for the next page: the key of a word.
func (v *visit) say(key string) { v.c.between.say(v.signed.ID, key) }

// heard takes the message out.
func (v *visit) heard() string { return v.c.between.hear(v.signed.ID) }

// id reads the ID in the path.
func (v *visit) id() (exchange.ID, error) {
	id, err := exchange.ParseID(v.r.PathValue("id"))
	if err != nil {
		return "", errNoPage
	}
	return id, nil
}

// field is what somebody filled in: without the spaces around it, and with the
// ends of lines as they are elsewhere.
func (v *visit) field(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(v.r.Form.Get(name), "\r\n", "\n"))
}

// text is a field that says something about a person.
func (v *visit) text(name string) exchange.Personal { return exchange.Hide(v.field(name)) }

// day reads a day, which may be left open.
func (v *visit) day(name string) (time.Time, bool) {
	if v.field(name) == "" {
		return time.Time{}, true
	}
	d, err := time.Parse(time.DateOnly, v.field(name))
	return d, err == nil
}

// A mistake is something in a form that has to be put right: where, and what.
type mistake struct {
	Field string // the id of the field, "" for the form as a whole
	Text  string
	Todo  string
}

// A form is what a person filled in, with what is wrong in it.
type form struct {
	Values   url.Values
	Mistakes []mistake
}

// Value is what stands in a field.
func (f form) Value(name string) string { return f.Values.Get(name) }

// Has reports whether a choice was made among several.
func (f form) Has(name, value string) bool { return slices.Contains(f.Values[name], value) }

// Wrong is what is wrong in a field, "" for nothing.
func (f form) Wrong(name string) string {
	for _, m := range f.Mistakes {
		if m.Field == name {
			return m.Text
		}
	}
	return ""
}

func (f *form) wrong(field, text string) {
	f.Mistakes = append(f.Mistakes, mistake{Field: field, Text: text})
}

// codeOf is the stable code of an error.
func codeOf(err error) string { return signin.CodeOf(err) }

// advice says of a refusal in the reader's language what is wrong and what to do.
func (v *visit) advice(err error) mistake {
	code := codeOf(err)
	text, ok := schemas.Text(code)
	if !ok {
		text, _ = schemas.Text(peer.Internal)
	}
	said := mistake{Text: text.NL.Title, Todo: text.NL.Advice}
	if v.lang == "en" {
		said = mistake{Text: text.EN.Title, Todo: text.EN.Advice}
	}
	var wait *signin.Fault
	if errors.As(err, &wait) && wait.After > 0 {
		said.Todo = v.word("signin.wait", "n", int((wait.After+time.Minute-1)/time.Minute))
	}
	return said
}

// titleIn says of a code what is wrong.
func titleIn(lang, code string) string {
	text, ok := schemas.Text(code)
	switch {
	case !ok:
		return code
	case lang == "en":
		return text.EN.Title
	}
	return text.NL.Title
}

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	switch {
	case errors.Is(err, errNoPage):
		return http.StatusNotFound
	case errors.Is(err, errRole):
		return http.StatusForbidden
	case errors.Is(err, errOther):
		return http.StatusConflict
	case errors.Is(err, errTooLong):
		return http.StatusRequestEntityTooLarge
	}
	code := codeOf(err)
	if text, ok := schemas.Text(code); ok {
		return text.Status
	}
	return http.StatusInternalServerError
}

// showProblem is the page of what could not be done.
func (v *visit) showProblem(err error) {
	status := statusOf(err)
	code := codeOf(err)
	if status >= http.StatusInternalServerError {
		// The text of an error can quote; its code can't.
		v.c.log.LogAttrs(v.r.Context(), slog.LevelError, "a page failed", slog.String("pattern", v.r.Pattern), slog.String("code", code))
	}
	said := v.advice(err)
	switch {
	case errors.Is(err, errNoPage):
		said = mistake{Text: v.word("problem.no-page"), Todo: v.word("problem.no-page.todo")}
	case errors.Is(err, errRole):
		said = mistake{Text: v.word("problem.role"), Todo: v.word("problem.role.todo")}
	case errors.Is(err, errOther):
		said = mistake{Text: v.word("problem.other"), Todo: v.word("problem.other.todo")}
	case errors.Is(err, errTooLong):
		said = mistake{Text: v.word("problem.too-long"), Todo: v.word("problem.too-long.todo")}
	}
	v.w.WriteHeader(status)
	if err := v.show("problem", v.word("problem.title"), said); err != nil {
		v.c.log.Error("the page of a problem failed", "pattern", v.r.Pattern)
	}
}
