package peer

import (
	"context"
	"errors"

	"sluis/store"
)

// An Observe is told of each step that a node takes: it returns the context in
// which the step is taken, and what to call when it has ended, with what the step
// turned out to be and how it ended. Figures and traces are made of it outside of
// this package. nil observes nothing.
//
// It is told names that are fixed: kinds of messages, patterns of paths, codes,
// HTTP statuses. Nothing of an exchange and nothing of anybody (I5).
//
// message is the digest of the message that is sent or received, nil where the
// step is about none: both parties know it, so what they observe of it can be
// laid side by side and nothing more goes over the wire. It is not to be told as
// it is.
type Observe func(ctx context.Context, step Step, message []byte) (context.Context, func(of, outcome string))

// A Step is a kind of thing that a node does.
type Step string

// The steps, and what they turn out to be.
const (
	APIStep     Step = "api"     // a request on the socket: the pattern of its path
	PageStep    Step = "page"    // a page of the console: the pattern of its path
	SendStep    Step = "send"    // one attempt to deliver a message: its kind
	ReceiveStep Step = "receive" // a message that came in: its kind, "" when it could not be read
	CommitStep  Step = "commit"  // a change, from the moment that it waits to the moment that it is on disk
)

// Done is the outcome of a step that went well. Others are codes, or statuses of
// HTTP.
const Done = "ok"

// Begin tells that a step begins.
func (o Observe) Begin(ctx context.Context, step Step, message []byte) (context.Context, func(of, outcome string)) {
	if o == nil {
		return ctx, func(string, string) {}
	}
	return o(ctx, step, message)
}

// outcomeOf is how a step ended that failed with err.
func outcomeOf(err error) string {
	if err == nil {
		return Done
	}
	code, _ := classify(err)
	return code
}

// outcomeOfCommit is how a change ended. That it was overtaken is no failure: its
// act is judged again.
func outcomeOfCommit(err error) string {
	switch {
	case errors.Is(err, store.ErrOvertaken):
		return Busy
	case errors.Is(err, store.ErrSeen):
		return "seen"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	}
	return outcomeOf(err)
}
