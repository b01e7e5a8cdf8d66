package console_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"sluis/console/signin"
	"sluis/exchange"
	"sluis/peer"
	"sluis/testnet"
)

// codeOf is the code of the moment of a secret, as an app computes it (RFC 6238).
func codeOf(t *testing.T, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	sum := hmac.New(sha1.New, key)
	if err := binary.Write(sum, binary.BigEndian, time.Now().Unix()/30); err != nil {
		t.Fatal(err)
	}
	h := sum.Sum(nil)
	at := h[len(h)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(h[at:])&0x7fffffff%1_000_000)
}

// password fills in the form of a password and a code.
func (b *browser) password(name, password, code string) {
	b.t.Helper()
	b.write("#naam", name)
	b.write("#wachtwoord", password)
	b.write("#code", code)
	b.press(`form[action="/inloggen"] button`)
}

// Who is new gets an invitation of the administrator, chooses a password with
// codes, signs in, adds a passkey and signs in by it. When the administrator
// withdraws his access he is out at once.
func TestInvitedPasswordPasskey(t *testing.T) {
	t.Parallel()
	w := newTown(t, "municipality", "debt-help")
	p := program(t)
	keeper, person := open(t, p), open(t, p)
	keeper.visit(w.door("municipality", "b.keers", exchange.Administrator))
	keeper.press(`a[href="/medewerkers"]`)
	keeper.shot("staff")
	keeper.press(`form[action="/medewerkers/uitnodigen"] button[value="i.dewit"]`)
	keeper.shot("staff-invited")
	link := js[string](keeper, `document.querySelector(".sluis-secret").textContent`)
	keeper.press(`a[href="/medewerkers"].utrecht-button`)
	keeper.wants("uitgenodigd tot")

	js[bool](person, "window.before = true")
	person.check = false // the page with the code is left by itself
	person.visit(link)
	person.wants("Je gebruikersnaam is i.dewit")
	person.check = true
	person.looked()
	person.shot("invitation")
	person.press(`form[action="/wachtwoord"] button`)
	person.shot("password-new")
	secret := js[string](person, `document.querySelector(".sluis-secret").textContent`)
	const password = "een lange zin om te onthouden"
	fill := func(code, again string) {
		person.write("#code", code)
		person.write("#wachtwoord", password)
		person.write("#nogmaals", again)
		person.press(`form[action="/wachtwoord/klaar"] button`)
	}
	fill(codeOf(t, secret), "iets anders dan dat")
	person.wants("De twee wachtwoorden zijn niet gelijk")
	if again := js[string](person, `document.querySelector(".sluis-secret").textContent`); again != secret {
		t.Error("a mistake makes the app useless")
	}
	fill(codeOf(t, secret), password)
	person.wants("Je ziet ze alleen nu")
	person.shot("recovery")
	recovery := js[string](person, `document.querySelector(".sluis-codes code").textContent`)
	person.press(`a[href="/inloggen"]`)
	person.shot("signin")
	person.password("i.dewit", "een andere zin dan die", recovery)
	person.wants("De naam, het wachtwoord of de code klopt niet")
	if typed := js[string](person, `document.querySelector("#wachtwoord").value`); typed != "" {
		t.Error("a password is sent back")
	}
	person.password("i.dewit", password, recovery)
	person.wants("Casussen")

	if _, err := chromedp.Call(person.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(person.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}
	person.press(`a[href="/account"]`)
	person.wants("Nog 9 over")
	person.shot("account")
	person.write("#sleutelnaam", "laptop van het werk")
	person.press(`[data-passkey] button`)
	person.wants("laptop van het werk")
	person.press(`header form[action="/uitloggen"] button`)
	person.press(`[data-passkey] button`)
	person.wants("Casussen")
	person.press(`a[href="/account"]`)
	person.wants("met een toegangssleutel")

	keeper.press(`a[href="/medewerkers"]`)
	keeper.press(`form[action="/medewerkers/intrekken"] button[value="i.dewit"]`)
	keeper.shot("staff-withdraw")
	keeper.press(`main form button`)
	keeper.wants("De toegang is ingetrokken")
	person.press(`a[href="/casussen"]`)
	person.wants("Inloggen met toegangssleutel")
	person.do(chromedp.Click(`[data-passkey] button`, chromedp.NodeVisible))
	person.wants("Met deze toegangssleutel kun je hier niet inloggen")
}

// At the identity provider of the organisation: the browser goes there and comes
// back signed in, though no cookie of a session goes along from another site.
func TestSignInAtProvider(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the provider tells every request
	t.Cleanup(func() { slog.SetDefault(before) })
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("geheim-van-de-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The provider stands at 127.0.0.1 and the console at localhost: other sites.
	provider := httptest.NewUnstartedServer(nil)
	base := "http://" + provider.Listener.Addr().String()
	w := startTown(t, testnet.Config{Members: testnet.Members("municipality", "debt-help"), Console: func(party string, c *peer.Console) {
		if party != "municipality" {
			return
		}
		c.OIDC = peer.OIDC{Issuer: base, ClientID: "sluis", SecretFile: secret, Claim: "sub"}
		store := storage.NewStorageWithClients(storage.NewUserStore(base), map[string]*storage.Client{
			"sluis": storage.WebClient("sluis", "geheim-van-de-test", c.PublicURL+signin.CallbackPath),
		})
		provider.Config.Handler = exampleop.SetupServer(base, store, slog.New(slog.DiscardHandler), false, op.WithAllowInsecure())
	}})
	provider.Start()
	t.Cleanup(provider.Close)

	p := program(t)
	keeper, person := open(t, p), open(t, p)
	keeper.visit(w.door("municipality", "b.keers", exchange.Administrator))
	keeper.press(`a[href="/medewerkers"]`)
	keeper.press(`form[action="/medewerkers/koppelen"] button[value="i.dewit"]`)
	keeper.shot("staff-link")
	keeper.write("#naam", "id1")
	keeper.press(`main form button`)
	keeper.wants("De koppeling is vastgelegd")

	door, err := url.Parse(w.door("municipality", "i.dewit", exchange.Requester))
	if err != nil {
		t.Fatal(err)
	}
	// Without the link: as somebody who types the address.
	person.visit(door.Scheme + "://" + door.Host + "/casussen")
	person.shot("signin-provider")
	person.check = false // the page of the provider is not ours
	person.press(`a[href="/inloggen/organisatie"]`)
	person.write("#username", "test-user@127.0.0.1")
	person.write("#password", "verysecure")
	person.do(chromedp.Click(`button[type="submit"]`, chromedp.NodeVisible))
	person.wants("Casussen")
	if path := person.path(); path != "/casussen" {
		t.Errorf("comes out at %s", path)
	}
	// His session runs out in the middle of a form: it is there when he is back.
	person.press(`a[href="/casussen/nieuw"]`)
	if js[bool](person, `!!document.querySelector("#a-client-request")`) {
		person.pick("#a-client-request")
		person.press("form.sluis-form button")
	}
	person.write(`[name="st.coherence"]`, "zonder werk groeien de schulden")
	w.net.EndSessions("municipality")
	person.press("form.sluis-form button")
	person.wants("Wat je had ingevuld, is bewaard")
	person.press(`a[href="/inloggen/organisatie"]`)
	if js[bool](person, `!!document.querySelector("#username")`) { // the provider may still know him
		person.write("#username", "test-user@127.0.0.1")
		person.write("#password", "verysecure")
		person.do(chromedp.Click(`button[type="submit"]`, chromedp.NodeVisible))
	}
	person.wants("Je was uitgelogd")
	if got := js[string](person, `document.querySelector('[name="st.coherence"]').value`); got != "zonder werk groeien de schulden" {
		t.Errorf("the text is %q", got)
	}
}
