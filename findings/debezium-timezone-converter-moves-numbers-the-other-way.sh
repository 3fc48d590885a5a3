#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Debezium 3.4.1 (2.7.4 alike), transform TimezoneConverter: its documentation says that fields are taken as UTC and get the target zone's time. A
# ZonedTimestamp does; the numbers of the same moment (Timestamp, MicroTimestamp: columns without zone) are moved the other way, by the whole
# offset. The offset is looked up by the UTC clock read as local time, so that hours near a change of clocks get the wrong one.
#
# Seen for America/New_York: 2024-01-15 12:00 UTC -> zoned 07:00-05:00, numbers 17:00; 2024-07-15 12:00 UTC -> 08:00-04:00 and 16:00;
# 2024-03-10 04:00 UTC, in New York 23:00 of the 9th -> zoned 2024-03-10 00:00-04:00, the moment kept, the day another.
# What to do: leave zones to the engine; keep what was without zone in columns without zone.
#
# Needs a JDK of 17 or newer and Maven. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
version=3.4.1.Final
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>io.debezium</groupId><artifactId>debezium-core</artifactId><version>$version</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-transforms</artifactId><version>3.9.0</version></dependency>
</dependencies></project>
POM
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars -DincludeScope=runtime
cat > Finding.java <<'JAVA'
import io.debezium.data.Envelope;
import io.debezium.time.MicroTimestamp;
import io.debezium.time.Timestamp;
import io.debezium.time.ZonedTimestamp;
import io.debezium.transforms.TimezoneConverter;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

public class Finding {
    static final String ZONE = "America/New_York";

    static Object converted(Schema type, Object value) {
        Schema row = SchemaBuilder.struct().name("row").field("x", type).build();
        Schema origin = SchemaBuilder.struct().name("io.debezium.connector.mysql.Source").field("table", Schema.STRING_SCHEMA).build();
        Envelope envelope = Envelope.defineSchema().withName("a.Envelope").withRecord(row).withSource(origin).build();
        Struct change = envelope.create(new Struct(row).put("x", value), new Struct(origin).put("table", "t"), Instant.now());
        try (TimezoneConverter<SourceRecord> transform = new TimezoneConverter<>()) {
            transform.configure(Map.of("converted.timezone", ZONE));
            SourceRecord record = new SourceRecord(Map.of(), Map.of(), "server.schema.t", envelope.schema(), change);
            return ((Struct) ((Struct) transform.apply(record).value()).get("after")).get("x");
        }
    }

    public static void main(String[] arguments) {
        boolean asStated = true;
        String[][] cases = {
            {"2024-01-15T12:00:00Z", "2024-01-15T07:00-05:00", "2024-01-15T07:00-05:00", "2024-01-15T17:00:00Z"},
            {"2024-07-15T12:00:00Z", "2024-07-15T08:00-04:00", "2024-07-15T08:00-04:00", "2024-07-15T16:00:00Z"},
            {"2024-03-10T04:00:00Z", "2024-03-09T23:00-05:00", "2024-03-10T00:00-04:00", "2024-03-10T08:00:00Z"}};
        for (String[] one : cases) {
            Instant moment = Instant.parse(one[0]);
            OffsetDateTime right = moment.atZone(ZoneId.of(ZONE)).toOffsetDateTime();
            OffsetDateTime zoned = OffsetDateTime.parse((String) converted(ZonedTimestamp.builder().build(), one[0]));
            long millis = (Long) converted(Timestamp.builder().build(), moment.toEpochMilli());
            long micros = (Long) converted(MicroTimestamp.builder().build(), moment.toEpochMilli() * 1000);
            System.out.println(one[0] + " there " + right + " | zoned -> " + zoned + " | as number -> " + Instant.ofEpochMilli(millis));
            asStated &= right.toString().equals(one[1]) && zoned.toString().equals(one[2]) && zoned.toInstant().equals(moment);
            asStated &= Instant.ofEpochMilli(millis).toString().equals(one[3]) && micros == millis * 1000;
        }
        System.exit(asStated ? 0 : 1);
    }
}
JAVA
javac -cp 'jars/*' Finding.java
java -cp 'jars/*:.' Finding 2> log || { cat log; exit 1; }
