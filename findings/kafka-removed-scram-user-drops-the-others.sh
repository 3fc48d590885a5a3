#!/usr/bin/env bash
# Copyright: (c) 2026, the gti.lakehouse authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Kafka 3.9.2 (KRaft; 3.9.0 and 3.9.1 alike): a node that starts without a snapshot of the metadata reads its log as one change. If a SCRAM
# user was created and deleted in it, and Java's order of names puts that user first, the image has no SCRAM user of that mechanism at all:
# every client is refused with "invalid credentials", though the log holds all credentials. It stays so through further restarts.
#
# Seen: of a log with the users a, b, c and one that was created and deleted, nobody is left, or the three, by the name of the fourth alone;
# one change for each record gives the three in both cases.
# What to do: write a random password over the credential of a user that leaves and delete none, at least until the first snapshot (an hour).
#
# Needs a JDK of 11 or newer and Maven. Ends with 0 while the behaviour is as stated, else with 1.
set -euo pipefail
version=3.9.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-metadata</artifactId><version>$version</version></dependency></dependencies>
</project>
POM
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars
cat > Finding.java <<'JAVA'
import org.apache.kafka.common.metadata.RemoveUserScramCredentialRecord;
import org.apache.kafka.common.metadata.UserScramCredentialRecord;
import org.apache.kafka.image.ScramDelta;
import org.apache.kafka.image.ScramImage;

public class Finding {
    static final byte SHA_512 = 2;

    static UserScramCredentialRecord created(String name) {
        return new UserScramCredentialRecord().setName(name).setMechanism(SHA_512).setIterations(4096)
            .setSalt(new byte[16]).setStoredKey(new byte[64]).setServerKey(new byte[64]);
    }

    static int users(ScramImage image) {
        return image.mechanisms().values().stream().mapToInt(java.util.Map::size).sum();
    }

    static int left(String leaver, boolean oneChange) {
        ScramImage image = ScramImage.EMPTY;
        ScramDelta delta = new ScramDelta(image);
        for (String name : new String[] {"a", "b", "c", leaver}) {
            delta.replay(created(name));
            if (!oneChange) {
                image = delta.apply();
                delta = new ScramDelta(image);
            }
        }
        delta.replay(new RemoveUserScramCredentialRecord().setName(leaver).setMechanism(SHA_512));
        return users(delta.apply());
    }

    public static void main(String[] arguments) {
        boolean asStated = true;
        for (String leaver : new String[] {"z", "p"}) {
            int one = left(leaver, true), many = left(leaver, false);
            System.out.println("users left after " + leaver + " was deleted: " + one + " of 3 by one change, " + many + " by one for each record");
            asStated &= one == (leaver.equals("p") ? 0 : 3) && many == 3;
        }
        System.exit(asStated ? 0 : 1);
    }
}
JAVA
javac -cp 'jars/*' Finding.java
java -cp 'jars/*:.' Finding
