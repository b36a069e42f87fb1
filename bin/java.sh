# SPDX-License-Identifier: Apache-2.0
# Sourced by the launcher and ./check: which Java to use, and how. The java on PATH may be an old
# one, so a Java is judged by the file `release` in its directory; that starts no process.

JAVA_LEAST=25

# java_major DIR: prints the major version of the Java in DIR; fails when there is none.
java_major() {
    [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
    while IFS='=' read -r key value; do
        if [ "$key" = JAVA_VERSION ]; then
            value=${value#\"}
            echo "${value%%[!0-9]*}"
            return 0
        fi
    done < "$1/release"
    return 1
}

# java_fits DIR: whether the Java in DIR is new enough.
java_fits() {
    major=$(java_major "$1") && [ "${major:-0}" -ge $JAVA_LEAST ]
}

# find_java [jdk]: sets java_home, to one with a compiler if asked; says so and fails with 78 when
# there is none. What the user names comes first.
find_java() {
    on_path=$(command -v java) && on_path=$(follow_links "$on_path")
    mac=$(/usr/libexec/java_home -v $JAVA_LEAST+ 2>/dev/null)
    for java_home in "${LUNLOCK_JAVA:-}" "${JAVA_HOME:-}" "${on_path%/bin/java}" "$mac" \
        /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk/libexec/openjdk.jdk/Contents/Home \
        /usr/local/opt/openjdk/libexec/openjdk.jdk/Contents/Home /opt/java/* /opt/jdk*; do
        [ -n "$java_home" ] || continue
        [ "${1:-}" != jdk ] || [ -x "$java_home/bin/javac" ] || continue
        ! java_fits "$java_home" || return 0
    done
    echo "lunlock: no JDK $JAVA_LEAST or later found: install one, or set JAVA_HOME to it" >&2
    return 78
}

follow_links() {
    file=$1
    while [ -L "$file" ]; do
        link=$(readlink "$file")
        case $link in
            /*) file=$link ;;
            *) file=${file%/*}/$link ;;
        esac
    done
    echo "$file"
}

# java_flags command|daemon|server|bench: prints the flags. An AOT cache is used only with the flags it
# was made with.
java_flags() {
    # No hsperfdata: a write to a full or slow /tmp would stop every thread.
    # No log on stdout, which may be somebody's JSON: a cache that does not fit is not worth a line.
    common="-XX:+UseSerialGC -XX:-UsePerfData -Xlog:disable -Xlog:all=error:stderr"
    case $1 in
        command)
            echo "$common -Xms8m -Xmx128m -XX:TieredStopAtLevel=1" ;;
        bench)
            # As the daemon, with as many buffers as a session has commands: 128 of 1 MiB.
            echo "$common -Xms64m -Xmx64m -XX:+AlwaysPreTouch -XX:MaxDirectMemorySize=192m" ;;
        daemon)
            # It serves the file system that its own memory might be swapped to: all of it is there
            # before the first request, and does not grow. Buffers are direct memory, 66 MiB for each
            # volume: all of it is there for one that is attached, what was used for an export.
            echo "$common -Xms64m -Xmx64m -XX:+AlwaysPreTouch -XX:MaxDirectMemorySize=1g" \
                "-XX:ReservedCodeCacheSize=48m -XX:+ExitOnOutOfMemoryError" ;;
        server)
            # A thousand hosts that wait take some 60 MB of it.
            echo "$common -Xms16m -Xmx128m -XX:MaxDirectMemorySize=64m" \
                "-XX:ReservedCodeCacheSize=48m -XX:+ExitOnOutOfMemoryError" ;;
    esac
}
