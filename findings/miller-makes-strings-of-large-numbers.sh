#!/bin/sh
# Miller 6.6.0 (Debian 12), JSON lines in and out. Expected of `mlr cat`: the records as they came; where a number does not fit,
# a rounded number, as jq makes it. Seen: an integer of 2^63 or more and a float beyond 1.8e308 become strings, in quotes,
# without a word, while 9223372036854775807 and 1e308 beside them stay numbers. The same field has two types then, by its size,
# and a reader that asks for an integer refuses the line. Ids of 64 bits without a sign, hashes and counters are such numbers.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
apt-get download -qq miller=6.6.0-2+b3 2>/dev/null
dpkg -x miller_*.deb .
cat >in.jsonl <<'END'
{"id": 9223372036854775807, "size": 1e308}
{"id": 9223372036854775808, "size": 1e309}
{"id": 18446744073709551615, "size": 0}
END
./usr/bin/mlr --ijsonl --ojsonl cat in.jsonl | tee out.jsonl
cat >expected.jsonl <<'END'
{"id": 9223372036854775807, "size": 1e308}
{"id": "9223372036854775808", "size": "1e309"}
{"id": "18446744073709551615", "size": 0}
END
cmp out.jsonl expected.jsonl
