#!/bin/sh
# Tells lbd what keepalived has become, one word after the other: keepalived starts it with its FIFO, see
# keepalived.conf. Notify scripts would run side by side, and the last to arrive need not be the last that
# was meant: a director that was master for a moment could stay active beside the other.
lbctl=/usr/local/bin/lbctl

# lbd may be about to start, or have too many clients at the moment: 10 seconds and more.
set_vips() {
  tries=50
  until $lbctl set vips "$1" || [ $((tries -= 1)) -eq 0 ]; do sleep 0.2; done
}

# keepalived would write to a file as well.
[ -p "$1" ] || { rm -f "$1"; exit 1; }
exec < "$1"
# When it ends, keepalived sends SIGTERM first and says STOP afterwards.
trap '' TERM
while read -r kind name state _; do
  [ "$kind $name" = 'INSTANCE "lbd"' ] || continue
  case $state in
    MASTER | MASTER_RX_LOWER_PRI) set_vips active ;;
    BACKUP | FAULT) set_vips standby ;;
    STOP) set_vips standby; exit ;;
  esac
done

# keepalived was killed, and the partner takes over. At a reload the FIFO is another by now, or gone.
[ "$1" -ef /dev/stdin ] && set_vips standby
