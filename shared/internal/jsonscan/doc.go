// Package jsonscan is the project's one JSON scanner. It checks bytes by the
// grammar of encoding/json and notes where the parts stand. It decodes nothing
// and copies nothing, so what it finds is what was sent, byte by byte.
//
// A [Scanner] walks over a text step by step: the answers of the API and the
// trigger events of SCF are read with it. A [Text] is a value that was walked
// over once, with what the package event needs to know of it: the members of
// its object and, in these, the members that name a file or a task. An event
// that was pulled is checked in the walk over the answer and never again.
//
// What it takes, encoding/json takes. It refuses more in two ways: values nest
// at most [MaxDepth] deep, and the object of a Text has at most [MaxMembers]
// members. Its time is linear in the bytes, whatever they are, and what it notes
// is bounded: it reads what strangers send.
package jsonscan
