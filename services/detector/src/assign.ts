import { createHash } from 'node:crypto';

/**
 * Who owns which shard: rendezvous hashing (the member with the highest hash of member and shard), with no member taking more
 * than its even share. Everybody who sees the same members computes the same; one who joins or leaves moves few shards. Pure.
 */
export function assign(members: string[], shardCount: number): Map<number, string> {
  const owners = new Map<number, string>();
  if (members.length === 0) return owners;
  const share = Math.ceil(shardCount / members.length);
  const load = new Map<string, number>();
  for (let shard = 0; shard < shardCount; shard++) {
    const free = members.filter((member) => (load.get(member) ?? 0) < share);
    const owner = free.reduce((best, member) => (weight(member, shard) > weight(best, shard) ? member : best));
    owners.set(shard, owner);
    load.set(owner, (load.get(owner) ?? 0) + 1);
  }
  return owners;
}

const weight = (member: string, shard: number) => createHash('sha256').update(`${member}/${shard}`).digest('hex');
