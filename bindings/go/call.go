package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// patience is how long a call runs before its context is watched. Most calls only hand out a fresh token
	// and are over by then: a timer that is stopped in time costs less than a goroutine.
	patience = time.Millisecond
	// grace is how long the library may take to end a call by its own limit, once the deadline has passed.
	grace = 100 * time.Millisecond
	// interval is the time between two cancellations of one call.
	interval = 5 * time.Millisecond
)

// call runs one call of the library and gives up when ctx ends. The shared handle is used only if ctx never
// ends: a cancellation would stop everybody's calls on it, so else the call gets a handle of its own.
func (c *Conn) call(ctx context.Context, args *texts, run func(*C.tg_conn, **C.tg_error) C.tg_status) error {
	if !c.acquire() {
		return stopped(ErrClosed)
	}
	defer c.release()
	switch {
	case args.err != nil:
		return args.err
	case ctx == nil:
		return refusal("argument.null", "ctx is nil", "Pass context.Background() for a call that nobody stops.")
	case ctx.Err() != nil:
		return stopped(ctx.Err())
	}
	var failure *C.tg_error
	if ctx.Done() == nil {
		run(c.handle, &failure)
		return c.outcome(failure, nil)
	}

	deadline, limited := ctx.Deadline()
	var limit C.uint32_t
	if limited {
		remaining := time.Until(deadline)
		if remaining <= 0 {
			return stopped(context.DeadlineExceeded)
		}
		if limited = remaining < c.limit; limited {
			limit = C.uint32_t(count(remaining, time.Millisecond))
		}
	}
	handle := C.tga_clone(c.handle, limit)
	defer C.tg_conn_free(handle)
	watcher := c.watch(ctx, handle, limited)
	run(handle, &failure)
	cause := watcher.end()
	if limited && cause == nil && !time.Now().Before(deadline) {
		cause = context.DeadlineExceeded
	}
	return c.outcome(failure, cause)
}

// outcome is the error of a call, with what ended it from outside, if that is what the library says.
func (c *Conn) outcome(failure *C.tg_error, cause error) error {
	err := takeError(failure)
	if err == nil {
		return nil
	}
	if cause == nil && c.users.closed() {
		cause = ErrClosed
	}
	switch err.Status {
	case Cancelled, UnknownOutcome:
		err.cause = cause
	case Timeout:
		if errors.Is(cause, context.DeadlineExceeded) {
			err.cause = cause
		}
	}
	return err
}

// A watcher stops one call when its context ends or its connection is closed.
type watcher struct {
	conn    *Conn
	ctx     context.Context
	handle  *C.tg_conn
	limited bool
	timer   *time.Timer

	once  sync.Once     // makes the channels, which a short call does not need
	over  chan struct{} // closed when the call has returned
	gone  chan struct{} // closed when the handle is used no more
	cause error         // why the call was stopped; to be read when gone is closed
}

func (c *Conn) watch(ctx context.Context, handle *C.tg_conn, limited bool) *watcher {
	w := &watcher{conn: c, ctx: ctx, handle: handle, limited: limited}
	w.timer = time.AfterFunc(patience, w.run)
	return w
}

func (w *watcher) makeChannels() {
	w.once.Do(func() { w.over, w.gone = make(chan struct{}), make(chan struct{}) })
}

func (w *watcher) run() {
	w.makeChannels()
	defer close(w.gone)
	select {
	case <-w.over:
		return
	case <-w.conn.closing:
		w.cause = ErrClosed
	case <-w.ctx.Done():
		w.cause = w.ctx.Err()
		// The library's own limit ends the call as well, and says what there was to wait for.
		if w.limited && w.cause == context.DeadlineExceeded && w.isOver(grace) {
			return
		}
	}
	// Again and again: a cancellation that comes before the library has begun the call stops nothing.
	for {
		C.tg_conn_cancel(w.handle)
		if w.isOver(interval) {
			return
		}
	}
}

// isOver waits for the end of the call, but no longer than limit.
func (w *watcher) isOver(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-w.over:
		return true
	case <-timer.C:
		return false
	}
}

// end says that the call has returned, waits until nobody uses its handle, and tells why it was stopped.
func (w *watcher) end() error {
	if w.timer.Stop() {
		return nil
	}
	w.makeChannels()
	close(w.over)
	<-w.gone
	return w.cause
}
