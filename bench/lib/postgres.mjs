/** A PostgreSQL of its own, where one is installed. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Starts one in a new folder, at a port that is free; undefined if none is installed. `keep` and `listening` are the
 * lab's. `kill` ends all of it at once, and answers what starts it again at its place.
 */
export async function startPostgres(folder, port, { keep, listening }) {
  const [initdb, postgres] = ['initdb', 'postgres'].map(program);
  if (initdb === undefined || postgres === undefined) return undefined;
  mkdirSync(folder);
  const owner = ownerOfServer();
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const how = { ...owner, cwd: folder };
  execFileSync(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], {
    ...how,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const log = openSync(join(folder, 'server.log'), 'w');
  const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'];
  const start = async () => {
    const child = keep(
      spawn(postgres, [...args, '-c', 'unix_socket_directories='], { ...how, stdio: ['ignore', log, log] }),
    );
    await listening(port);
    return child;
  };
  let child = await start();
  // Its immediate shutdown, which ends the processes of its connections, too.
  const stop = async () => {
    child.kill('SIGQUIT');
    await once(child, 'exit');
  };
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    close: stop,
    async kill() {
      await stop();
      return async () => {
        child = await start();
      };
    },
  };
}

/** In the search path, or where Debian keeps it; the newest version first. */
function program(name) {
  const folders = [...(process.env.PATH ?? '').split(':'), ...debianFolders()];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function debianFolders() {
  const root = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
function ownerOfServer() {
  if (process.getuid() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres');
  if (user === undefined) throw new Error('PostgreSQL refuses to run as root, and there is no user postgres');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
