#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Apache Iceberg's sink for Kafka Connect, 1.10.0: where a value does not fit the column of the table, its RecordConverter stores another one and
# raises nothing. A long in an int column wraps around (the same digits as text are refused), a large double in a decimal column becomes the
# largest long, and a text with an offset in a timestamp column without zone loses the offset, so that one moment is two times.
#
# Seen: int 3000000000 -> -1294967296; decimal(38, 2) 1e25 -> 9223372036854775807.00, and the same as text 10000000000000000000000000.00; timestamp
# "2024-01-01T23:00:00-03:00" -> 2024-01-01T23:00, "2024-01-02T02:00:00Z" -> 2024-01-02T02:00, though timestamptz holds both for one moment.
# What to do: bigint, double and timestamptz columns for what comes from JSON; cast to narrower types in the engine.
#
# Needs a JDK of 11 or newer and Maven. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
version=1.10.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.iceberg</groupId><artifactId>iceberg-kafka-connect</artifactId><version>$version</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
<dependency><groupId>org.apache.iceberg</groupId><artifactId>iceberg-data</artifactId><version>$version</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>connect-json</artifactId><version>3.9.0</version></dependency>
</dependencies></project>
POM
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars
# in the package of the converter, which is not public
cat > Finding.java <<'JAVA'
package org.apache.iceberg.connect.data;

import java.time.OffsetDateTime;
import java.util.Map;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.connect.IcebergSinkConfig;
import org.apache.iceberg.inmemory.InMemoryCatalog;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

public class Finding {
    static final InMemoryCatalog CATALOG = new InMemoryCatalog();
    static final IcebergSinkConfig CONFIG = new IcebergSinkConfig(
        Map.of("topics", "t", "iceberg.tables", "n.t", "iceberg.catalog.type", "hadoop"));
    static int tables = 0;
    static boolean asStated = true;

    static Object stored(Type type, Object value) {
        Schema schema = new Schema(Types.NestedField.optional(1, "x", type));
        Table table = CATALOG.createTable(TableIdentifier.of("n", "t" + tables++), schema);
        try {
            return new RecordConverter(table, CONFIG).convert(Map.of("x", value)).getField("x");
        } catch (NumberFormatException refused) {
            return "refused";
        }
    }

    static void check(Type type, Object value, String expected) {
        Object found = stored(type, value);
        System.out.println(type + ": " + value.getClass().getSimpleName() + " " + value + " -> " + found);
        asStated &= found.toString().equals(expected);
    }

    public static void main(String[] arguments) {
        CATALOG.initialize("c", Map.of());
        CATALOG.createNamespace(Namespace.of("n"));
        Type decimal = Types.DecimalType.of(38, 2), local = Types.TimestampType.withoutZone(), zoned = Types.TimestampType.withZone();
        check(Types.IntegerType.get(), 5L, "5");
        check(Types.IntegerType.get(), 3000000000L, "-1294967296");
        check(Types.IntegerType.get(), "3000000000", "refused");
        check(decimal, 1e15, "1000000000000000.00");
        check(decimal, 1e25, "9223372036854775807.00");
        check(decimal, "1e25", "10000000000000000000000000.00");
        String first = "2024-01-01T23:00:00-03:00", second = "2024-01-02T02:00:00Z";
        check(local, first, "2024-01-01T23:00");
        check(local, second, "2024-01-02T02:00");
        boolean one = ((OffsetDateTime) stored(zoned, first)).isEqual((OffsetDateTime) stored(zoned, second));
        System.out.println("one moment in timestamptz: " + one);
        System.exit(asStated && one ? 0 : 1);
    }
}
JAVA
javac -d . -cp 'jars/*' Finding.java
java -cp 'jars/*:.' org.apache.iceberg.connect.data.Finding 2> log || { cat log; exit 1; }
