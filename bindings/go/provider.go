package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime/cgo"
	"strings"
	"time"
)

// A TokenProvider brings a token of your own, without "Bearer " before it, and tells when it ends; the zero Time
// means that its own exp tells it if it is a JWT, and else that nobody knows: then it is renewed after 15 minutes.
// A token has 8 to 8192 letters, digits and characters of -._~+/=. For [WithTokenProvider].
//
// ctx ends when nobody waits for the token any more, because every caller was cancelled or the connection was
// closed, and when its time is over, which its deadline tells. What is returned after that, nobody hears of.
// A provider should then return soon: if it has not, calls that need a token fail with "provider.unavailable"
// until it has.
//
// With an error callers get the reason "provider.unavailable", and the provider is asked again after half a second,
// then later and later. If the error is a [*ProviderError], or has one in its chain, that says whether this is a
// refusal, and when to ask again. An [*Error] of this package does as well: statuses [Unauthenticated] and
// [Forbidden] are refusals. At most 256 bytes of the text of the error become part of the callers' error, without
// what looks like a credential; better have none in it.
//
// A panic is an error. runtime.Goexit cannot pass through the library and ends the program, so call no t.FailNow.
type TokenProvider func(ctx context.Context) (token string, expiresAt time.Time, err error)

// A ProviderError says more of why a [TokenProvider] has no token than another error can.
type ProviderError struct {
	// Message is for a person, and becomes part of the callers' error.
	Message string
	// Refused says that whoever gives tokens refuses this program: callers get the status [Unauthenticated] and the
	// reason "provider.refused", and the provider is not asked again for about 30 seconds.
	Refused bool
	// RetryAfter is how long the provider is not to be asked again, if that is longer than it would be without; an hour at
	// most. 0: not known.
	RetryAfter time.Duration
}

// Error is the message.
func (e *ProviderError) Error() string {
	return e.Message
}

// WithTokenProvider logs in with tokens that a function of the program brings, such as those of an identity
// provider, a vault, or a store that several processes share. They are used wherever a JWT of [WithJWT] is, for
// secrets and tokens from 4.1 on, and at the database on every version that takes them.
//
// provider is called when the first token is needed, in time before the end of one (see [WithTokenLifetime]), and
// after one was rejected; once, however many goroutines need a token, and never twice at once for a connection.
// [Conn.GetToken] asks for a new token, without [Lifetime] and [Global], because whoever issues the tokens decides.
// nil: no provider.
//
// It runs on a thread of the library, on a goroutine that is bound to it. Go's stack grows as always; C code that it
// calls has 1 MiB. It may use other connections. A call that needs a token of its own connection is
// "argument.recursion" on its own goroutine, and waits for itself on another one. A provider that holds its
// connection keeps it from becoming garbage: then only [Conn.Close] frees it.
func WithTokenProvider(provider TokenProvider) Option {
	return func(s *settings) {
		if provider == nil {
			C.tg_config_set_token_provider(s.config, nil, nil, nil)
			return
		}
		C.tga_set_token_provider(s.config, newCallee(provider))
	}
}

//export tigergraphauthProvide
func tigergraphauthProvide(request *C.tg_provider_request, handle C.uintptr_t) {
	provider := cgo.Handle(handle).Value().(TokenProvider)
	ctx, end := contextOf(request)
	defer end()
	// On this goroutine, which is bound to its thread meanwhile: so the library knows a call from within.
	provider.ask(ctx).give(request)
}

// attention is how often a running provider's request is looked at: the library tells nobody that it was cancelled.
const attention = 10 * time.Millisecond

// contextOf is the context of a request, and what ends it. It must be ended before the request is.
func contextOf(request *C.tg_provider_request) (context.Context, func()) {
	asked := time.Now()
	left := time.Duration(C.tg_provider_request_time_left_ms(request)) * time.Millisecond
	// The library's end is between these two, however long the question took.
	earliest, latest := asked.Add(left), time.Now().Add(left+2*time.Millisecond)
	// Not a moment sooner than the library: callers are to hear that the time is over, and not what came of that here.
	ctx, cancel := context.WithDeadline(context.Background(), latest)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(attention)
		defer ticker.Stop()
		for C.tg_provider_request_is_cancelled(request) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
		// What is over is cancelled, too; that is for the context to say.
		if time.Now().Before(earliest) {
			cancel()
		}
	}()
	return ctx, func() {
		cancel()
		<-gone
	}
}

// brought is what a provider has brought: a token, or if there is a status, why there is none.
type brought struct {
	token     string
	expiresAt C.int64_t

	status     Status
	words      string
	retryAfter C.int64_t
}

// ask calls the provider, and its error's methods, which may do anything.
func (provide TokenProvider) ask(ctx context.Context) (b brought) {
	returned := false
	defer func() {
		if !returned {
			b = noToken(fmt.Errorf("panic in the provider: %v", recover()))
		}
	}()
	token, expiresAt, err := provide(ctx)
	if err != nil {
		b = noToken(err)
	} else {
		b = brought{token: passable(token), expiresAt: endOf(expiresAt)}
	}
	returned = true
	return b
}

// noToken is what the library is told of an error.
func noToken(err error) brought {
	b := brought{status: Unavailable, words: passable(err.Error()), retryAfter: -1}
	wait := time.Duration(-1)
	var own *ProviderError
	var failure *Error
	switch {
	case errors.As(err, &own):
		if own.Refused {
			b.status = Unauthenticated
		}
		wait = own.RetryAfter
	case errors.As(err, &failure):
		b.status, wait = failure.Status, failure.RetryAfter
	}
	if wait > 0 {
		b.retryAfter = C.int64_t(count(wait, time.Millisecond))
	}
	return b
}

// passable is a text that the library does not refuse as a text: C would take it to end at a NUL, which no token and
// no message has, as neither has what is no UTF-8. The library looks at no more than the beginning of a message, and
// at no token that is so long.
func passable(text string) string {
	const limit = 32 << 10
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", " "), "?")
}

// endOf is when a token ends, in seconds since 1970; whatever ended before that has ended.
func endOf(expiresAt time.Time) C.int64_t {
	switch seconds := expiresAt.Unix(); {
	case expiresAt.IsZero():
		return 0
	case seconds < 1:
		return 1
	default:
		return C.int64_t(seconds)
	}
}

// give answers the request. That nobody waits for the answer any more is nothing that a provider has to know.
func (b brought) give(request *C.tg_provider_request) {
	args := new(texts)
	defer args.free()
	if b.status == 0 {
		C.tg_provider_request_set_token(request, args.add("token", b.token), b.expiresAt, nil)
		return
	}
	C.tg_provider_request_fail(request, C.tg_status(b.status), args.add("message", b.words), b.retryAfter, nil)
}
