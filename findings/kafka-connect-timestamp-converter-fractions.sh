#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Kafka Connect 3.9.0, transform TimestampConverter: a text with more or fewer than three digits of a second is read as so many milliseconds, days
# that do not exist roll over, and a text of another pattern than the one given may be read as another day. Nothing is refused. Moments
# before 1970 in micro- or nanoseconds are cut towards 1970, so that they land in a later millisecond, and on a later day.
#
# Seen: "2024-01-01 23:59:00.123456" -> 2024-01-02T00:01:03.456 with SSSSSS and with SSS alike; "... 00:00:00.5" -> .005; "2024-02-30" -> 2024-03-01;
# "2024-01-02" as yyyyMMdd -> 2023-12-01; -1 microsecond as Date -> 1970-01-01, where -1 millisecond is 1969-12-31. java.time reads the fractions
# right and refuses the other texts.
# What to do: let sources send epoch numbers or exactly three digits, or keep the text and convert it in the engine.
#
# Needs a JDK of 11 or newer and Maven. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
version=3.9.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-transforms</artifactId><version>$version</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-api</artifactId><version>$version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
POM
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars
cat > Finding.java <<'JAVA'
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.TimestampConverter;

public class Finding {
    static boolean asStated = true;

    static void check(String what, Object found, Object expected) {
        System.out.println(what + " -> " + found);
        asStated &= found.toString().equals(expected);
    }

    static Object converted(Object value, Map<String, String> configuration) {
        Map<String, String> all = new HashMap<>(configuration);
        all.putIfAbsent("target.type", "Timestamp");
        all.put("field", "x");
        try (TimestampConverter.Value<SinkRecord> transform = new TimestampConverter.Value<>()) {
            transform.configure(all);
            Map<String, Object> record = new HashMap<>(Map.of("x", value));
            return ((Date) ((Map<?, ?>) transform.apply(new SinkRecord("t", 0, null, null, null, record, 0)).value()).get("x")).toInstant();
        }
    }

    static Object judged(String text, String pattern) {
        try {
            DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern.replace("yyyy", "uuuu")).withResolverStyle(java.time.format.ResolverStyle.STRICT);
            return pattern.contains("H") ? LocalDateTime.parse(text, formatter).toInstant(ZoneOffset.UTC) : LocalDate.parse(text, formatter);
        } catch (DateTimeParseException refused) {
            return "refused";
        }
    }

    public static void main(String[] arguments) {
        String second = "yyyy-MM-dd HH:mm:ss.";
        String[][] cases = {
            {"2024-01-01 23:59:00.123", second + "SSS", "2024-01-01T23:59:00.123Z", "2024-01-01T23:59:00.123Z"},
            {"2024-01-01 23:59:00.123456", second + "SSSSSS", "2024-01-02T00:01:03.456Z", "2024-01-01T23:59:00.123456Z"},
            {"2024-01-01 23:59:00.123456", second + "SSS", "2024-01-02T00:01:03.456Z", "refused"},
            {"2024-01-01 00:00:00.5", second + "S", "2024-01-01T00:00:00.005Z", "2024-01-01T00:00:00.500Z"},
            {"2024-02-30", "yyyy-MM-dd", "2024-03-01T00:00:00Z", "refused"},
            {"2024-01-02", "yyyyMMdd", "2023-12-01T00:00:00Z", "refused"}};
        for (String[] one : cases) {
            check(one[0] + " as " + one[1], converted(one[0], Map.of("format", one[1])), one[2]);
            check("    by java.time", judged(one[0], one[1]), one[3]);
        }
        check("-1 ms as Date", converted(-1L, Map.of("target.type", "Date", "unix.precision", "milliseconds")), "1969-12-31T00:00:00Z");
        check("-1 us as Date", converted(-1L, Map.of("target.type", "Date", "unix.precision", "microseconds")), "1970-01-01T00:00:00Z");
        System.exit(asStated ? 0 : 1);
    }
}
JAVA
javac -cp 'jars/*' Finding.java
java -cp 'jars/*:.' Finding
