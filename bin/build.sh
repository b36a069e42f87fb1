# SPDX-License-Identifier: Apache-2.0
# Sourced with root set to the source checkout: builds lunlock into a directory of its own below
# target/app. A daemon that still runs keeps the files it was started from.

apps=$root/target/app
BUILDS_KEPT=3
BUILD_SECONDS_MAX=900

# current_app: sets app to the last build; fails when there is none or a source is newer.
# Removed and renamed sources show in the time of their directory.
current_app() {
    [ -r "$apps/current" ] && read -r build < "$apps/current" || return 1
    app=$apps/$build
    [ -f "$app/lunlock.jar" ] || return 1
    newer=$(find "$root/pom.xml" "$root/bin" "$root"/*/pom.xml "$root"/*/src/main \
        ! -path "$root/bench/*" -newer "$app/started" 2>/dev/null | head -n 1)
    [ -z "$newer" ]
}

# build_app: builds and sets app; says why and fails when it cannot. One at a time.
build_app() {
    [ -d "$apps" ] && reason="sources changed" || reason="first use, about a minute"
    find_java jdk || return
    "$root/bin/need" mvn:maven || return
    if ! mkdir -p "$apps" || [ ! -w "$apps" ]; then
        echo "lunlock: this user cannot build here ($apps): build as its owner first" >&2
        return 78
    fi
    # the lock is the open file's and ends with this process
    exec 9> "$apps/lock"
    flock -w $BUILD_SECONDS_MAX 9 2>/dev/null || lock_with_perl || {
        echo "lunlock: another build does not end ($apps/lock): end it and try again" >&2
        return 69
    }
    if current_app; then
        exec 9>&-
        return 0
    fi
    echo "lunlock: building ($reason) ..." >&2
    make_app
    status=$?
    exec 9>&-
    return $status
}

# macOS has no flock(1)
lock_with_perl() {
    perl -e 'use Fcntl ":flock"; alarm shift; open(my $f, ">&=", 9) && flock($f, LOCK_EX) or exit 1' \
        $BUILD_SECONDS_MAX 2>/dev/null
}

make_app() {
    build=$(date +%Y%m%d-%H%M%S)-$$
    app=$apps/$build
    log=$apps/build.log
    mkdir "$app" && touch "$app/started" || return 78
    if ! run_maven > "$log" 2>&1; then
        rm -rf "$app"
        echo "lunlock: the build failed ($log):" >&2
        maven_errors "$log" >&2
        grep -qE 'Could not transfer|Unknown host|Network is unreachable' "$log" && return 69
        return 70
    fi
    echo "$java_home/bin/java" > "$app/java"
    train_all
    echo "$build" > "$apps/current.new" && mv "$apps/current.new" "$apps/current" || return 78
    remove_old_builds
}

# maven_errors LOG: prints what Maven says is wrong, without its advice.
maven_errors() {
    sed -n 's/^\[ERROR\] //p' "$1" | grep -vE '^(\[Help|->|Re-run|To see|For more|After|  mvn|$)' |
        head -n 20
}

run_maven() {
    JAVA_HOME=$java_home MAVEN_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1" \
        mvn -B -q -Dapp -Dstyle.color=never -f "$root/pom.xml" package 9>&- </dev/null || return
    jar=$(echo "$root"/*/target/launcher/lunlock.jar)
    made=${jar%/lunlock.jar}
    cp "$jar" "$app/lunlock.jar" && cp -R "$made/lib" "$app/lib" || return
    compile_picocli || echo "picocli stays as it is"
}

# picocli is compiled for Java 5, and no AOT cache takes classes that old: compiled again, commands
# start in two thirds of the time.
compile_picocli() {
    mkdir -p "$made/picocli-classes" &&
        "$java_home/bin/javac" -nowarn -proc:none -parameters --release $JAVA_LEAST \
            -d "$made/picocli-classes" "$made"/picocli/picocli/*.java &&
        "$java_home/bin/jar" --update --file "$app"/lib/picocli-*.jar -C "$made/picocli-classes" .
}

# train_all: lets a daemon and a command talk to each other once and keeps what they loaded as AOT
# caches. Without them everything works, only slower.
train_all() {
    home=$(mktemp -d) || return 0
    train daemon daemon run &
    tries=100
    while [ ! -S "$home/run/daemon.sock" ] && [ $tries -gt 0 ] && kill -0 $! 2>/dev/null; do
        tries=$((tries - 1))
        sleep 0.1
    done
    train command status
    run_java command daemon stop
    wait $!
    rm -rf "$home"
}

# train KIND ARGUMENT...
train() {
    AOT_OUTPUT=-XX:AOTCacheOutput=$app/$1.aot run_java "$@" || rm -f "$app/$1.aot"
}

# run_java KIND ARGUMENT...: runs lunlock in the home of the training.
run_java() {
    flags=$(java_flags "$1")
    shift
    # shellcheck disable=SC2086
    "$java_home/bin/java" $flags ${AOT_OUTPUT:-} -jar "$app/lunlock.jar" --home "$home" "$@" \
        >> "$log" 2>&1 9>&- < /dev/null
}

remove_old_builds() {
    ls -d "$apps"/[0-9]*-* | sort -r | tail -n +$((BUILDS_KEPT + 1)) | while read -r old; do
        rm -rf "$old"
    done
}
