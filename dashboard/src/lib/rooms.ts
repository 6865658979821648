import table from '../rooms.json'

export type Role = 'member' | 'admin' | 'operator'

/** A page: where it is ({id} is any one part of the path, and the page's property of that name), its file in pages, what the navigation calls it if it is there, and the least role that has a use for it. */
export interface Room { path: string; page: string; name?: string; role?: Role }

export const groups = table as { title: string; rooms: Room[] }[]
export const rooms = groups.flatMap((g) => g.rooms)

const ranks: Role[] = ['member', 'admin', 'operator']

/** Whether a role may do what needs another one. */
export const may = (role: string | undefined, needed: Role = 'member') => ranks.indexOf(role as Role) >= ranks.indexOf(needed)

/** The page at a path, with its properties. A path that is written out goes before one with {id}. */
export function find(path: string): { room: Room; props: Record<string, string> } | undefined {
  const parts = path.split('/')
  let found: { room: Room; props: Record<string, string> } | undefined
  for (const room of rooms) {
    const names = room.path.split('/')
    const props: Record<string, string> = {}
    if (names.length !== parts.length || !names.every((n, i) => (n.startsWith('{') ? parts[i] && (props[n.slice(1, -1)] = parts[i]!) : n === parts[i]))) continue
    if (!found || Object.keys(props).length < Object.keys(found.props).length) found = { room, props }
  }
  return found
}

/** What of the navigation a path belongs to: the longest one that it begins with. */
export function within(path: string): Room | undefined {
  return rooms.filter((r) => r.name && (path === r.path || path.startsWith(r.path + '/'))).sort((a, b) => b.path.length - a.path.length)[0]
}
