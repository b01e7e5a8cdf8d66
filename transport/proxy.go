package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

// maxProxyAnswer bounds what a proxy may say before it passes bytes on.
const maxProxyAnswer = 8 << 10

// A proxy is an HTTP proxy that connects us to others (CONNECT, RFC 9110,
// 9.3.6). The TLS connection is made through it, so it sees where to, not what.
type proxy struct{ address string }

// ParseProxy reads the URL of an HTTP proxy, such as
// http://proxy.example.nl:3128, and returns its host and port.
func ParseProxy(text string) (address string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.Port() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("use http://HOST:PORT")
	}
	if u.User != nil {
		return "", errors.New("a name and password are not given to a proxy: let it know this machine by its address")
	}
	return u.Host, nil
}

// dialer is how libp2p makes its TCP connections.
func (p proxy) dialer(ma.Multiaddr) (tcp.ContextDialer, error) { return p, nil }

// DialContext implements libp2p's tcp.ContextDialer.
func (p proxy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	cut := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	err = ask(c, address)
	if !cut() {
		err = errors.Join(err, ctx.Err()) // too late: the deadline may have been set just now
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// ask asks a proxy to connect us. Not a byte is read beyond its answer: they are
// of the one at the other end.
func ask(c net.Conn, address string) error {
	if _, err := fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address); err != nil {
		return err
	}
	var answer []byte
	for b := make([]byte, 1); !bytes.HasSuffix(answer, []byte("\r\n\r\n")); {
		if len(answer) == maxProxyAnswer {
			return errors.New("the proxy says too much")
		}
		n, err := c.Read(b)
		answer = append(answer, b[:n]...)
		if err != nil {
			return fmt.Errorf("the proxy gave no answer: %w", err)
		}
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return errors.New("what listens there is no HTTP proxy")
	}
	_ = r.Body.Close() // it has none
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy refuses to connect to this address: status %d", r.StatusCode)
	}
	return nil
}
