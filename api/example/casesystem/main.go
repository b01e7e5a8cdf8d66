// Sluis casesystem is the example of docs/integrate.md as a program: it asks what
// a file says, waits for the answer, and prints it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"sluis/api"
	"sluis/api/example"
	"sluis/api/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A question is what the file holds: the bodies of POST /casussen and POST
// /verzoeken, the latter without its case.
type question struct {
	Case    api.NewCase    `json:"casus"`
	Request api.NewRequest `json:"verzoek"`
}

func run(ctx context.Context) error {
	node := flag.String("node", "https://localhost:8444", "public_url of the node")
	cert := flag.String("cert", "zaaksysteem.pem", "certificate of this system")
	key := flag.String("key", "zaaksysteem-key.pem", "its key")
	ca := flag.String("ca", "ca.pem", "who certifies the node")
	token := flag.String("token-url", "", "token endpoint of the authorization server; empty for none")
	client := flag.String("client-id", "zaaksysteem", "name at the authorization server")
	listen := flag.String("listen", "127.0.0.1:8445", "where webhooks arrive; empty to ask for events every few seconds instead")
	secret := flag.String("secret", "zaaksysteem.key", "file with the key of the webhook")
	staff := flag.String("staff", "a.jansen", "on behalf of whom")
	flag.Parse()
	if flag.NArg() != 1 {
		return errors.New("usage: casesystem [flags] FILE, with the case and the request in it; -help shows the flags")
	}
	text, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		return err
	}
	var asks question
	if err := json.Unmarshal(text, &asks); err != nil {
		return errors.New("the file is not JSON with casus and verzoek")
	}
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if text, err = os.ReadFile(*ca); err != nil {
		return err
	}
	roots.AppendCertsFromPEM(text)
	config := example.Config{
		NodeURL: *node, TLS: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12},
		TokenURL: *token, ClientID: *client, Resource: *node, Scopes: example.Scopes,
		By: api.By{Staff: *staff, Hat: asks.Request.Capacity},
	}
	if *listen != "" {
		if text, err = os.ReadFile(*secret); err != nil {
			return err
		}
		if config.WebhookKeys, err = webhook.ReadKeys([]byte(strings.TrimSpace(string(text)))); err != nil {
			return err
		}
	}
	s := example.New(config)
	if *listen != "" {
		go func() { fmt.Fprintln(os.Stderr, receive(*listen, *cert, *key, s)) }()
		go func() { _ = s.Run(ctx) }()
	}
	var file example.File
	if err := s.Ask(ctx, &file, asks.Case, asks.Request); err != nil {
		return err
	}
	fmt.Println("asked:", file.Request)
	if *listen == "" {
		go ask(ctx, s)
	}
	answer, err := s.Answered(ctx, &file)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(answer)
}

// receive serves webhooks, with the certificate of the system.
func receive(address, cert, key string, h http.Handler) error {
	server := &http.Server{Addr: address, Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	return server.ListenAndServeTLS(cert, key)
}

// ask looks for events every few seconds.
func ask(ctx context.Context, s *example.System) {
	every := time.NewTicker(3 * time.Second)
	defer every.Stop()
	for {
		if err := s.CatchUp(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}
