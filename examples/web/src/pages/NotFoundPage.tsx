import { Link } from 'wouter';
import { Message } from '../ui/Message';

export const NotFoundPage = () => (
  <Message title="There is no such page">
    <Link href="/">My boards</Link>
  </Message>
);
