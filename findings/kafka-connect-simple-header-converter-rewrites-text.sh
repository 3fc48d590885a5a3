#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Kafka Connect 3.9.0: SimpleHeaderConverter, which is the default of header.converter, guesses a type for each header that was written as text.
# Its documentation says that it infers types; that the text does not come back is the surprise: leading zeros and trailing ones go, and
# of a number with a point FLOAT32 is taken by its range alone, so that most digits are lost.
#
# Seen, there and back: 00123 -> INT8 123, 1.10 -> FLOAT32 1.1, 123456789.25 -> FLOAT32 1.23456792E8, 16777217.5 -> FLOAT32 1.6777218E7, 1e5 -> INT32
# 100000. 12345678901234567890, abc and TRUE come back as they were; StringConverter gives all of them back.
# What to do: set header.converter to org.apache.kafka.connect.storage.StringConverter where headers are keys, versions or amounts.
#
# Needs a JDK of 11 or newer and Maven. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
version=3.9.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-api</artifactId><version>$version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
POM
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars
cat > Finding.java <<'JAVA'
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.apache.kafka.connect.storage.StringConverter;

public class Finding {
    static String thereAndBack(HeaderConverter converter, String text) {
        SchemaAndValue read = converter.toConnectHeader("topic", "name", text.getBytes(StandardCharsets.UTF_8));
        byte[] written = converter.fromConnectHeader("topic", "name", read.schema(), read.value());
        return read.schema().type() + " " + new String(written, StandardCharsets.UTF_8);
    }

    public static void main(String[] arguments) {
        boolean asStated = true;
        SimpleHeaderConverter simple = new SimpleHeaderConverter();
        StringConverter string = new StringConverter();
        simple.configure(Map.of());
        string.configure(Map.of("converter.type", "header"));
        String[][] cases = {
            {"00123", "INT8 123"}, {"1.10", "FLOAT32 1.1"}, {"123456789.25", "FLOAT32 1.23456792E8"}, {"16777217.5", "FLOAT32 1.6777218E7"},
            {"1e5", "INT32 100000"}, {"12345678901234567890", "BYTES 12345678901234567890"}, {"abc", "STRING abc"}, {"TRUE", "STRING TRUE"}};
        for (String[] one : cases) {
            String found = thereAndBack(simple, one[0]), other = thereAndBack(string, one[0]);
            System.out.println(one[0] + " -> " + found + " | by StringConverter: " + other);
            asStated &= found.equals(one[1]) && other.equals("STRING " + one[0]);
        }
        System.exit(asStated ? 0 : 1);
    }
}
JAVA
javac -cp 'jars/*' Finding.java
java -cp 'jars/*:.' Finding
