package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import "runtime/cgo"

// A LogLevel says how important a log line is: the smaller, the more.
type LogLevel int32

// The levels.
const (
	// LogError: a token could not be renewed, and no valid one is left. Other failures are returned to the
	// caller and not logged.
	LogError LogLevel = C.TG_LOG_ERROR
	// LogWarn: something works, but needs attention.
	LogWarn LogLevel = C.TG_LOG_WARN
	// LogInfo: something worth knowing happened.
	LogInfo LogLevel = C.TG_LOG_INFO
	// LogDebug: every request, with method, path, status and duration; never a query, a header or a body. And each request
	// that a [Transport] sends without a token.
	LogDebug LogLevel = C.TG_LOG_DEBUG
)

// WithLog sends log lines up to max to log. A line contains no credential and no line break at its end.
//
// log may be called on several goroutines at once, and may itself use the connection. The call that it reports
// waits for it. A panic in it is dropped, because it cannot pass through the library; neither can
// runtime.Goexit, which nothing stops, so call no t.FailNow there.
func WithLog(max LogLevel, log func(level LogLevel, message string)) Option {
	return func(s *settings) {
		s.log = &logger{max, log}
		if log == nil {
			C.tg_config_set_log(s.config, 0, nil, nil, nil)
			return
		}
		C.tga_set_log(s.config, C.int32_t(max), newCallee(log))
	}
}

// newCallee is what the library hands back when it calls what value is, until it releases it.
func newCallee(value any) *C.tga_callee {
	callee := (*C.tga_callee)(C.malloc(C.sizeof_tga_callee)) // never NULL, says cgo
	callee.handle = C.uintptr_t(cgo.NewHandle(value))
	return callee
}

// A logger is what WithLog was given.
type logger struct {
	max LogLevel
	log func(level LogLevel, message string)
}

// line is a line of this package's own. It is treated as the library's are.
func (l *logger) line(level LogLevel, message string) {
	if l == nil || l.log == nil || level > l.max {
		return
	}
	defer func() { _ = recover() }()
	l.log(level, message)
}

//export tigergraphauthLog
func tigergraphauthLog(level C.int32_t, message *C.char, handle C.uintptr_t) {
	// On this goroutine, which is bound to its thread meanwhile: so the library knows a call from within.
	log := cgo.Handle(handle).Value().(func(LogLevel, string))
	(&logger{LogDebug, log}).line(LogLevel(level), C.GoString(message))
}

//export tigergraphauthRelease
func tigergraphauthRelease(handle C.uintptr_t) {
	cgo.Handle(handle).Delete()
}
