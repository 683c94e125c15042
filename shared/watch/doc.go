// Package watch counts what one instance of a function does, so that its operator sees
// at a glance that it works.
//
// The same figures come out in two ways:
//
//   - as one line of the log at the end of each invocation, which CLS can chart;
//   - on an ordinary host also as /metrics, in the text format of Prometheus, and
//     as /readyz, which answers 200 only while every sink and the store would take
//     something.
//
// If somebody misconfigures VOD, nothing fails and no events come. So the figures have
// the seconds since the last event, and with ALERT_SILENCE a long silence is a line at
// level error.
//
//	var instance = watch.New("callback")
//
//	h := instance.Requests(callback.Handler(options))
//	o.Watch = instance.Delivery
package watch
