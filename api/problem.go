package api

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// Error is the code and the title. Both are constant texts without personal
// data.
func (p *Problem) Error() string { return p.Code + ": " + p.Title }

// Is reports whether target is a problem with the same code.
func (p *Problem) Is(target error) bool {
	t, ok := target.(*Problem)
	return ok && t.Code == p.Code
}

// An Unreachable says that the node did not answer: it is not running, or the
// socket is not that of a node that this account may use.
type Unreachable struct {
	Socket string
	cause  error
}

// Error says what is wrong and what to do.
func (u *Unreachable) Error() string {
	return fmt.Sprintf("the node does not answer on %s: start it with sluis run, or name its directory with --dir", u.Socket)
}

// Unwrap returns the error of the connection.
func (u *Unreachable) Unwrap() error { return u.cause }

// maxAnswer bounds what the client reads of one answer.
const maxAnswer = 64 << 20

// result reads an answer: a T when it is a success, else the problem.
func result[T any](response *http.Response, err error) (T, error) {
	var value T
	if err != nil {
		return value, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return value, err
	}
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if media == "application/problem+json" {
		p := &Problem{}
		if json.Unmarshal(body, p) == nil && p.Code != "" {
			return value, p
		}
	}
	if response.StatusCode/100 != 2 || media != "application/json" {
		return value, fmt.Errorf("the node answered with status %d and nothing that this version understands", response.StatusCode)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		return value, fmt.Errorf("the node answered in a form that this version does not understand")
	}
	return value, nil
}
