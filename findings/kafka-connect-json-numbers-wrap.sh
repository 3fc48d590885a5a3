#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Kafka Connect 3.9.0: JsonConverter takes a number that its type does not hold modulo the type's size, and a value of another kind as
# zero, false or NULL; without a schema every integer is an int64, so that larger ones (uint64 keys, long numbers) become others, and
# the transform Cast does the same with numbers, though it refuses the same digits as text. Nothing is raised for a dead letter queue to catch.
#
# Seen without a schema: 18446744073709551615 -> -1, 12345678901234567890123 -> 4807115922877859019 (Jackson, which the converter reads with, has both
# right). With a schema: int32 3000000000 -> -1294967296, int32 "5" -> 0, boolean "true" -> false, string 5 -> NULL. Cast to int32: the number
# 3000000000 -> -1294967296, the text "3000000000" -> DataException.
# What to do: send such numbers as strings, declare strings for them; let the sink's engine convert, which says what it cannot.
#
# Needs a JDK of 11 or newer and Maven. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
version=3.9.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-json</artifactId><version>$version</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-transforms</artifactId><version>$version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
POM
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars
cat > Finding.java <<'JAVA'
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Cast;

public class Finding {
    static boolean asStated = true;

    static void check(String what, Object found, Object expected) {
        System.out.println(what + " -> " + found);
        asStated &= Objects.equals(found, expected);
    }

    static Object converted(JsonConverter converter, String text) {
        return converter.toConnectData("t", text.getBytes(StandardCharsets.UTF_8)).value();
    }

    static Object cast(Object value) {
        try (Cast.Value<SinkRecord> transform = new Cast.Value<>()) {
            transform.configure(Map.of("spec", "x:int32"));
            Map<String, Object> record = new HashMap<>(Map.of("x", value));
            return ((Map<?, ?>) transform.apply(new SinkRecord("t", 0, null, null, null, record, 0)).value()).get("x");
        } catch (DataException refused) {
            return "refused";
        }
    }

    public static void main(String[] arguments) throws Exception {
        JsonConverter bare = new JsonConverter(), typed = new JsonConverter();
        bare.configure(Map.of("schemas.enable", "false"), false);
        typed.configure(Map.of("schemas.enable", "true"), false);
        check("42 without a schema", converted(bare, "42"), 42L);
        Map<String, Long> large = new LinkedHashMap<>();
        large.put("18446744073709551615", -1L);
        large.put("12345678901234567890123", 4807115922877859019L);
        for (String digits : large.keySet()) {
            check(digits + " without a schema", converted(bare, digits), large.get(digits));
            check(digits + " by Jackson", new ObjectMapper().readTree(digits).toString(), digits);
        }
        Object[][] cases = {
            {"int32", "5", 5}, {"int32", "3000000000", -1294967296}, {"int32", "\"5\"", 0}, {"boolean", "\"true\"", false}, {"string", "5", null}};
        for (Object[] one : cases) {
            String text = "{\"schema\": {\"type\": \"" + one[0] + "\", \"optional\": true}, \"payload\": " + one[1] + "}";
            check(one[0] + " " + one[1], converted(typed, text), one[2]);
        }
        check("Cast of the number 3000000000 to int32", cast(3000000000L), -1294967296);
        check("Cast of the text 3000000000 to int32", cast("3000000000"), "refused");
        System.exit(asStated ? 0 : 1);
    }
}
JAVA
javac -cp 'jars/*' Finding.java
java -cp 'jars/*:.' Finding
