package tigergraphauth

// #include "bridge.h"
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
	// LogDebug: every request, with method, path, status and duration; never a query, a header or a body.
	LogDebug LogLevel = C.TG_LOG_DEBUG
)

// WithLog sends log lines up to max to log. A line contains no credential and no line break at its end.
//
// log may be called on several goroutines at once, and may itself use the connection. The call that it reports
// waits for it. A panic in it is dropped, because it cannot pass through the library; neither can
// runtime.Goexit, which nothing stops, so call no t.FailNow there.
func WithLog(max LogLevel, log func(level LogLevel, message string)) Option {
	return func(s *settings) {
		if log == nil {
			C.tg_config_set_log(s.config, 0, nil, nil, nil)
			return
		}
		C.tga_set_log(s.config, C.int32_t(max), C.uintptr_t(cgo.NewHandle(log)))
	}
}

//export tigergraphauthLog
func tigergraphauthLog(level C.int32_t, message *C.char, handle C.uintptr_t) {
	// On this goroutine, which is bound to its thread meanwhile: so the library knows a call from within.
	defer func() { _ = recover() }()
	log := cgo.Handle(handle).Value().(func(LogLevel, string))
	log(LogLevel(level), C.GoString(message))
}

//export tigergraphauthRelease
func tigergraphauthRelease(handle C.uintptr_t) {
	cgo.Handle(handle).Delete()
}
