// Package kafka is the sink of kafka://, made for CKafka and every other
// Kafka from 0.11 on.
//
//	kafka://broker1:9092,broker2:9092/topic
//	kafka://ckafka-abc123%23user:password@host:50001/topic?sasl=plain
//	kafka://user:password@host:9093/topic?sasl=scram-sha-512&tls=true&ca=ca.pem
//
// A value is one event in CloudEvents structured mode, with its content-type
// header; the key is its subject, so that events of one file or task stay in
// order, or absent. The producer is idempotent and waits for all in-sync
// replicas. A lost connection can still make an event come twice: consumers
// know it by its id.
//
// # Parameters
//
//   - sasl: plain (default when there is a user), scram-sha-256 or
//     scram-sha-512. In user and password # is written as %23, / as %2F, @ as
//     %40, : as %3A and % as %25; CKafka's user is INSTANCE%23USER.
//   - tls: true, or chain, which checks the certificate's chain but not its
//     host name, as CKafka asks for (597/133094). Default: false.
//   - ca: a PEM file with the certificates to trust. Default: the system's.
//   - cert, key: PEM files of a client certificate. Default: none.
//
// # Limits
//
// The topic must exist; it is never created. A record may have what the topic
// allows (max.message.bytes, 1 MB by default), compressed, and 8 MB at most. A
// larger event is refused for good.
package kafka
