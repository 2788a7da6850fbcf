#!/bin/sh
# Tells lbd what keepalived has become, one word after the other: keepalived starts it with its FIFO, see
# keepalived.conf. Notify scripts would run side by side, and the last to arrive need not be the last that
# was meant: a director that was master for a moment could stay active beside the other.
lbctl=/usr/local/bin/lbctl

exec < "$1"
# When it ends, keepalived sends SIGTERM first and says STOP afterwards.
trap '' TERM
while read -r kind name state _; do
  [ "$kind $name" = 'INSTANCE "lbd"' ] || continue
  case $state in
    MASTER) $lbctl set vips active ;;
    BACKUP | FAULT) $lbctl set vips standby ;;
    STOP) $lbctl set vips standby; exit ;;
  esac
done

# keepalived was killed, and the partner takes over. At a reload the FIFO is another by now, or gone.
[ "$1" -ef /dev/stdin ] && $lbctl set vips standby
