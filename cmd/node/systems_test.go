package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// systemsConfig adds a system that may read how the node is, on a free port, with a
// webhook that nobody answers. One certificate serves for all.
func systemsConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: systems FILE [CAPACITY]")
	}
	capacity := "probation"
	if len(args) == 2 {
		capacity = args[1]
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "zaaksysteem"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	ts.Check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	write := func(name string, text []byte) string {
		ts.Check(os.WriteFile(ts.MkAbs(name), text, 0o600))
		return ts.MkAbs(name)
	}
	cert := write("api.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	pemKey := write("api-key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	hook := write("hook.key", []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"))
	at := fmt.Sprintf("127.0.0.1:%d", freeIn(ts))
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = fmt.Fprintf(f, `[api]
listen = %q
public_url = "https://%s"
tls_cert = %q
tls_key = %q
client_ca = %q
[[api.clients]]
name = "zaaksysteem"
fingerprints = ["%x"]
scopes = ["knooppunt:lezen", "gebeurtenissen:lezen"]
capacities = [%q]
staff = ["*"]
[api.clients.webhook]
url = "https://127.0.0.1:1/sluis"
secret_file = %q
`, at, at, cert, pemKey, cert, sha256.Sum256(raw), capacity, hook)
	ts.Check(errors.Join(err, f.Close()))
	ts.Setenv("SYSTEMS", at)
}

// callSystem gets a path of the API as a system does, or with ! as somebody
// without a certificate, and wants a text in the answer.
func callSystem(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] called PATH TEXT")
	}
	pair, err := tls.LoadX509KeyPair(ts.MkAbs("api.pem"), ts.MkAbs("api-key.pem"))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ts.ReadFile("api.pem")))
	c := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if !neg {
		c.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: c}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Timeout: time.Minute, Transport: transport}).Get("https://" + ts.Getenv("SYSTEMS") + args[0])
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if !strings.Contains(string(text), args[1]) {
		ts.Fatalf("%s does not say %q:\n%s", answer.Status, args[1], text)
	}
}
